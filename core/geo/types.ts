/** Longitude and latitude in degrees (WGS 84), in GeoJSON's order. */
export type Position = readonly [lon: number, lat: number]

/** A closed ring: the first and the last position are equal. Longitudes may lie outside ±180 (unwrapped). */
export type Ring = readonly Position[]

/** Outer ring first, then holes. */
export type PolygonRings = readonly Ring[]

/** The normal form of every geometry that a user gives: polygons whose union is meant. */
export interface Shape {
  readonly polygons: readonly PolygonRings[]
  /** 80 bits, 20 hex digits, of the normalised geometry: equal for equal shapes. */
  readonly hash: string
}

/** A shape or circle made ready for many point queries. */
export interface CompiledArea {
  /** Whether a place is inside; the edge counts as inside. Degrees. */
  contains(lat: number, lon: number): boolean
  /** Kilometres from a place to the area; 0 inside. Good to about 1 %. */
  distanceKm(lat: number, lon: number): number
}
