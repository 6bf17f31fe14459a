/** Bounds on one geometry, checked before the work that they bound. */
export interface GeometryLimits {
  /** UTF-8 bytes of JSON text; a value that is parsed already has been bounded by its transport. */
  readonly bytes: number
  /** Levels of features and collections inside one another. */
  readonly depth: number
  /** Positions in all rings, and features or geometries in all collections. */
  readonly vertices: number
  readonly polygons: number
}

/** Kubernetes allows 256 KiB for all annotations of an object together. */
export const ANNOTATION_LIMITS: GeometryLimits = {
  bytes: 200_000,
  depth: 8,
  vertices: 20_000,
  polygons: 2_000,
}

/** For GeoArea objects: etcd takes 1.5 MiB per object; 1 MiB of GeoJSON holds about 60,000 positions. */
export const GEO_AREA_LIMITS: GeometryLimits = {
  bytes: 1_048_576,
  depth: 8,
  vertices: 60_000,
  polygons: 5_000,
}
