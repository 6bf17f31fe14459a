import type { Ring, Shape } from './types.ts'
import { modTurn, TURN, toUnits } from './units.ts'

/** A stretch of longitude in units: where it begins, in [0, TURN), and how far it goes east. */
export interface Span {
  readonly from: number
  readonly width: number
}

/** The shortest stretch of longitude that holds all rings of a shape, found by the widest gap. */
export function spanOf(shape: Shape): Span {
  const rings = shape.polygons.flatMap((polygon) => polygon.map(ringSpan))
  rings.sort((a, b) => a.from - b.from)
  const first = rings[0]
  if (first === undefined) return { from: 0, width: 0 }
  const furthest = rings.reduce((east, ring) => Math.max(east, ring.from + ring.width), 0)
  // Rings that run on over the end of the turn cover its beginning.
  let east = Math.max(furthest - TURN, first.from)
  let gap = { width: first.from + TURN - furthest, from: first.from }
  for (const ring of rings) {
    if (ring.from - east > gap.width) gap = { width: ring.from - east, from: ring.from }
    east = Math.max(east, ring.from + ring.width)
  }
  return { from: gap.from, width: Math.min(TURN, TURN - gap.width) }
}

function ringSpan(ring: Ring): Span {
  let west = Number.POSITIVE_INFINITY
  let east = Number.NEGATIVE_INFINITY
  for (const [lon] of ring) {
    west = Math.min(west, lon)
    east = Math.max(east, lon)
  }
  return { from: modTurn(toUnits(west)), width: Math.min(TURN, toUnits(east) - toUnits(west)) }
}
