/** Bounds on what one workload may ask for. */
export interface Limits {
  /** Nodes of one row. */
  readonly nodes: number
  readonly rows: number
  /** Node selector terms, after multiplication with the user's own. */
  readonly terms: number
  /** Values of one key of one row; there are 249 countries. */
  readonly values: number
  /** Bytes of the marker; Kubernetes allows 256 KiB for all annotations of an object together. */
  readonly markerBytes: number
}

export const LIMITS: Limits = {
  nodes: 1000,
  rows: 32,
  terms: 64,
  values: 256,
  markerBytes: 65_536,
}
