/**
 * Geometry is computed in whole units of 1e-7 degree (about 1 cm): sums and whole-turn shifts are
 * exact in doubles, and equal places are equal numbers however they were written.
 */
export const PER_DEGREE = 1e7
export const TURN = 360 * PER_DEGREE
export const HALF_TURN = TURN / 2
export const POLE = 90 * PER_DEGREE

/** Degrees to units; never -0. */
export const toUnits = (degrees: number): number => Math.round(degrees * PER_DEGREE) + 0

/** Units to degrees: the double nearest to the decimal number. */
export const toDegrees = (units: number): number => units / PER_DEGREE

/** The remainder in [0, TURN), also for negative values. */
export const modTurn = (units: number): number => {
  const rest = units % TURN
  return rest < 0 ? rest + TURN : rest + 0
}

/** A ring in units: [lon, lat, lon, lat, …] without the closing position. */
export type FlatRing = readonly number[]

/** The value at an index that is known to be inside; arrays here are never sparse. */
export const at = (values: ArrayLike<number>, index: number): number => values[index] as number

/** A ring as the user wrote it, in units, with where it stands in the input ("coordinates[0][1]"). */
export interface RawRing {
  readonly path: string
  readonly points: FlatRing
}

export type RawPolygon = readonly RawRing[]
