import { hash80 } from '../hash.ts'
import {
  canonicalRing,
  closeOverPole,
  compareRings,
  eastOf,
  intoTurn,
  westOf,
} from './canonical.ts'
import { geometryRefusal } from './geometry-refusal.ts'
import { Notes } from './notes.ts'
import { isFlat } from './ring-area.ts'
import type { PolygonRings, Position, Shape } from './types.ts'
import {
  at,
  type FlatRing,
  HALF_TURN,
  POLE,
  type RawPolygon,
  type RawRing,
  TURN,
  toDegrees,
} from './units.ts'
import { type LaidRing, unwrap } from './unwrap.ts'

/**
 * The normal form: every ring unrolled over the antimeridian and closed over the pole that it
 * circles, in whole units of 1e-7 degree, begun and directed in one fixed way, the holes and
 * polygons in fixed order, repeats dropped. Shapes that differ in writing only get one hash.
 */
export function normalise(
  raw: readonly RawPolygon[],
  field: string,
): { shape: Shape; warnings: string[] } {
  const notes = new Notes()
  checkLength(raw, field)
  const sorted = raw.map((polygon) => normalPolygon(polygon, field, notes)).sort(comparePolygons)
  const polygons = sorted.filter((polygon, i) => {
    const before = sorted[i - 1]
    return before === undefined || comparePolygons(before, polygon) !== 0
  })
  const hash = hash80('shape', ...polygons.map((polygon) => polygon.map(String).join(';')))
  return { shape: { polygons: polygons.map(inDegrees), hash }, warnings: notes.sentences }
}

/**
 * How far all edges together may go, in units: 300 times round the Earth. The coasts of the whole
 * world at 1:10,000,000 go 23 times round; what exceeds this by far was made to be slow (a place in
 * the midst of such a tangle is compared with most edges).
 */
const MAX_LENGTH = 300 * TURN

function normalPolygon(polygon: RawPolygon, field: string, notes: Notes): FlatRing[] {
  let pole: number | undefined
  const [outer, ...holes] = polygon.map((ring) => {
    const laid = unwrap(ring.points)
    notes.ring(ring, laid)
    if (laid.net === 0) return planarRing(ring, laid, field)
    // The holes of a cap are measured from the same pole as the cap.
    pole ??= nearerPole(laid)
    return polarRing(ring, laid, pole, field, notes)
  })
  if (outer === undefined) return []
  const first = intoTurn(outer, -HALF_TURN)
  const from = westOf(first)
  return [first, ...holes.map((hole) => intoTurn(hole, from)).sort(compareRings)]
}

function checkLength(raw: readonly RawPolygon[], field: string): void {
  let total = 0
  for (const { points, path } of raw.flat()) {
    for (let i = 2; i < points.length; i += 2) {
      const [dx, dy] = [at(points, i) - at(points, i - 2), at(points, i + 1) - at(points, i - 1)]
      total += Math.max(Math.abs(dx), Math.abs(dy))
    }
    if (total > MAX_LENGTH) {
      const sentence = `${path} goes to and fro over the Earth; the edges may be ${toDegrees(MAX_LENGTH)} degrees long in all`
      throw geometryRefusal('TANGLED', field, sentence)
    }
  }
}

function planarRing(ring: RawRing, laid: LaidRing, field: string): FlatRing {
  if (eastOf(laid.points) - westOf(laid.points) > TURN) throw tooWide(ring, field)
  if (isFlat(laid.points)) throw zeroArea(ring, field)
  return canonicalRing(laid.points)
}

function polarRing(
  ring: RawRing,
  laid: LaidRing,
  pole: number,
  field: string,
  notes: Notes,
): FlatRing {
  if (Math.abs(laid.net) !== TURN) throw tooWide(ring, field)
  const closed = closeOverPole(laid.points, laid.net, pole)
  if (isFlat(closed)) throw zeroArea(ring, field)
  notes.pole(ring, pole)
  return closed
}

/** By the average latitude on the way round; on the equator by RFC 7946's direction. */
function nearerPole({ points, net }: LaidRing): number {
  let sum = 0
  for (let i = 0; i < points.length; i += 2) {
    const last = i + 2 === points.length
    const [x, y] = last
      ? [at(points, 0) + net, at(points, 1)]
      : [at(points, i + 2), at(points, i + 3)]
    sum += (x - at(points, i)) * (y + at(points, i + 1))
  }
  const north = sum === 0 ? net > 0 : sum / net > 0
  return north ? POLE : -POLE
}

const tooWide = (ring: RawRing, field: string) =>
  geometryRefusal(
    'TOO_WIDE',
    field,
    `${ring.path} goes round the Earth more than once; keep its longitudes within 360 degrees`,
  )

const zeroArea = (ring: RawRing, field: string) =>
  geometryRefusal(
    'ZERO_AREA',
    field,
    `${ring.path} encloses no area; give it at least three positions that are not on one line`,
  )

function comparePolygons(a: readonly FlatRing[], b: readonly FlatRing[]): number {
  for (const [i, ring] of a.entries()) {
    const other = b[i]
    if (other === undefined) return 1
    const order = compareRings(ring, other)
    if (order !== 0) return order
  }
  return a.length - b.length
}

function inDegrees(polygon: readonly FlatRing[]): PolygonRings {
  return polygon.map((ring) => {
    const positions: Position[] = []
    for (let i = 0; i <= ring.length; i += 2) {
      positions.push([
        toDegrees(at(ring, i % ring.length)),
        toDegrees(at(ring, (i % ring.length) + 1)),
      ])
    }
    return positions
  })
}
