import { isFlat } from './ring-area.ts'
import { at, type FlatRing, HALF_TURN, PER_DEGREE, TURN } from './units.ts'

/** Outlines that are stitched over the antimeridian end at a pole only inside the polar circles. */
const POLAR_CIRCLE = 66.5 * PER_DEGREE

/** A ring laid out without jumps; longitudes run on beyond ±180. Consecutive positions differ. */
export interface LaidRing {
  readonly points: FlatRing
  /** Longitude gained by going round once: 0, or a whole number of turns when it circles a pole. */
  readonly net: number
  /** A step of more than half a turn was read the short way. */
  readonly shortWay: boolean
  /** A step of a whole turn was read as a line along the parallel, but might mean a polar cap. */
  readonly alongParallel: boolean
}

/**
 * Lays a ring out on the unrolled Earth. A step of more than 180° and not 360° crosses the
 * antimeridian. A step of exactly 360° is either one meridian written twice (an outline stitched
 * from two halves, as world-atlas has them) or a line all along a parallel (a box round the Earth):
 * the latter when the ring turns into the meridian at both its ends, or when the former reading
 * would enclose nothing or make a polar cap of something far from the poles.
 */
export function unwrap(points: FlatRing): LaidRing {
  const ring = withoutRepeats(points)
  const jumps = wholeTurns(ring)
  if (jumps.length === 0) return lay(ring, false)
  const kept = lay(ring, false)
  const joined = lay(ring, true)
  if (kept.net !== 0) return joined
  if (jumps.some((jump) => isCorner(ring, jump))) return kept
  if (joined.net === 0) return isFlat(joined.points) ? kept : joined
  if (isFlat(kept.points) || jumps.every((jump) => isPolar(ring, jump))) return joined
  return { ...kept, alongParallel: true }
}

function lay(ring: FlatRing, join: boolean): LaidRing {
  const points = [at(ring, 0), at(ring, 1)]
  let x = at(ring, 0)
  let shortWay = false
  for (let i = 2; i <= ring.length; i += 2) {
    const raw = at(ring, i % ring.length) - at(ring, i - 2)
    const step = shortest(raw, join)
    shortWay ||= step !== raw && raw % TURN !== 0
    x += step
    if (i < ring.length) points.push(x, at(ring, i + 1))
  }
  return { points: withoutRepeats(points), net: x - at(ring, 0), shortWay, alongParallel: false }
}

function shortest(step: number, join: boolean): number {
  if (Math.abs(step) <= HALF_TURN) return step
  if (step % TURN === 0) return join ? 0 : step
  return step - Math.round(step / TURN) * TURN
}

/** Leaves out positions equal to the one before, also over the ring's end and in whole turns there. */
function withoutRepeats(ring: FlatRing): FlatRing {
  const points: number[] = []
  for (let i = 0; i < ring.length; i += 2) {
    const n = points.length
    if (n > 0 && points[n - 2] === ring[i] && points[n - 1] === ring[i + 1]) continue
    points.push(at(ring, i), at(ring, i + 1))
  }
  while (
    points.length > 2 &&
    at(points, points.length - 2) === points[0] &&
    points.at(-1) === points[1]
  ) {
    points.length -= 2
  }
  return points
}

/** Indices of the positions at the far end of each step of whole turns. */
function wholeTurns(ring: FlatRing): number[] {
  const found: number[] = []
  for (let i = 0; i < ring.length; i += 2) {
    const step = at(ring, i) - x(ring, i - 2)
    if (step !== 0 && step % TURN === 0) found.push(i)
  }
  return found
}

const wrap = (ring: FlatRing, i: number): number => (i + ring.length) % ring.length
const x = (ring: FlatRing, i: number): number => at(ring, wrap(ring, i))

const isCorner = (ring: FlatRing, jump: number): boolean =>
  x(ring, jump - 4) === x(ring, jump - 2) && x(ring, jump) === x(ring, jump + 2)

const isPolar = (ring: FlatRing, jump: number): boolean =>
  Math.min(Math.abs(x(ring, jump - 1)), Math.abs(x(ring, jump + 1))) >= POLAR_CIRCLE
