import { crossSign } from './side.ts'
import { makeSlabs } from './slabs.ts'
import { at, type FlatRing } from './units.ts'

/** Pairs of edges that are compared before the check is given up: some 5 ms. */
const MAX_PAIRS = 2_000_000
/** Each slab is compared with itself, so that few entries are best. */
const ENTRIES_PER_EDGE = 2

/**
 * A place (units) near which a ring crosses itself, not merely touches; undefined if there is none,
 * and 'unknown' when the outline is so tangled that finding out would take too long. `net` is what
 * the ring gains in longitude on its way round.
 */
export function crossesItself(
  ring: FlatRing,
  net: number,
): readonly [number, number] | 'unknown' | undefined {
  const { x, y } = columns(ring, net)
  const slabs = slabsOf(x)
  let left = MAX_PAIRS
  for (let s = 0; s < slabs.count; s++) {
    const ids = slabs.ids.subarray(at(slabs.starts, s), at(slabs.starts, s + 1))
    left -= (ids.length * (ids.length - 1)) / 2
    if (left < 0) return 'unknown'
    const found = firstCrossing({ x, y }, ids)
    if (found !== undefined) return [at(x, found), at(y, found)]
  }
  return undefined
}

/** Positions of a ring, the first repeated at the end. */
interface Columns {
  readonly x: Float64Array
  readonly y: Float64Array
}

function columns(ring: FlatRing, net: number): Columns {
  const n = ring.length / 2
  const x = new Float64Array(n + 1)
  const y = new Float64Array(n + 1)
  for (let i = 0; i < n; i++) {
    x[i] = at(ring, i * 2)
    y[i] = at(ring, i * 2 + 1)
  }
  x[n] = at(ring, 0) + net
  y[n] = at(ring, 1)
  return { x, y }
}

function slabsOf(x: Float64Array) {
  let [west, east] = [at(x, 0), at(x, 0)]
  for (let i = 0; i < x.length; i++) {
    west = Math.min(west, x[i] as number)
    east = Math.max(east, x[i] as number)
  }
  const from = new Float64Array(x.length - 1)
  const to = new Float64Array(x.length - 1)
  for (let e = 0; e < from.length; e++) {
    const [a, b] = [at(x, e) - west, at(x, e + 1) - west]
    from[e] = Math.min(a, b)
    to[e] = Math.max(a, b)
  }
  return makeSlabs(from, to, east - west, ENTRIES_PER_EDGE)
}

function firstCrossing(ring: Columns, ids: Int32Array): number | undefined {
  const { y } = ring
  for (let i = 0; i < ids.length; i++) {
    const a = ids[i] as number
    const south = Math.min(y[a] as number, y[a + 1] as number)
    const north = Math.max(y[a] as number, y[a + 1] as number)
    for (let j = i + 1; j < ids.length; j++) {
      const b = ids[j] as number
      const [p, q] = [y[b] as number, y[b + 1] as number]
      if ((p < south && q < south) || (p > north && q > north)) continue
      if (apart(ring, a, b) && apart(ring, b, a)) return a
    }
  }
  return undefined
}

/** Whether the ends of edge b lie strictly on different sides of the line of edge a. */
function apart({ x, y }: Columns, a: number, b: number): boolean {
  const xa = x[a] as number
  const ya = y[a] as number
  const dx = (x[a + 1] as number) - xa
  const dy = (y[a + 1] as number) - ya
  const first = crossSign(dx, dy, (x[b] as number) - xa, (y[b] as number) - ya)
  if (first === 0) return false
  const second = crossSign(dx, dy, (x[b + 1] as number) - xa, (y[b + 1] as number) - ya)
  return first > 0 ? second < 0 : second > 0
}
