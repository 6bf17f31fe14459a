/** Mean radius of the Earth in km (IUGG). */
export const EARTH_RADIUS_KM = 6371.0088

/** A place in degrees. */
export interface Place {
  readonly lat: number
  readonly lon: number
}

const RADIANS = Math.PI / 180

/** Great-circle distance in km on the sphere of mean radius (haversine; within 0.6 % of the ellipsoid). */
export function distanceKm(a: Place, b: Place): number {
  const lat = Math.sin(((b.lat - a.lat) * RADIANS) / 2) ** 2
  const lon = Math.sin(((b.lon - a.lon) * RADIANS) / 2) ** 2
  const h = lat + Math.cos(a.lat * RADIANS) * Math.cos(b.lat * RADIANS) * lon
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.sqrt(Math.min(1, h)))
}

/** A point on the unit sphere. */
export type Vector = readonly [x: number, y: number, z: number]

export function unitVector(lat: number, lon: number): Vector {
  const [phi, lambda] = [lat * RADIANS, lon * RADIANS]
  return [Math.cos(phi) * Math.cos(lambda), Math.cos(phi) * Math.sin(lambda), Math.sin(phi)]
}

/** Straight distance through the unit sphere to km along its surface. */
export const chordToKm = (chord: number): number =>
  2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, chord / 2))
