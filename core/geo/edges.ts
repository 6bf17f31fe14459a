import type { Ring, Shape } from './types.ts'
import { modTurn, toUnits } from './units.ts'

/** The edges of a shape, each from west to east (or along a meridian), in units, as columns. */
export interface Edges {
  readonly count: number
  readonly x1: Float64Array
  readonly y1: Float64Array
  readonly x2: Float64Array
  readonly y2: Float64Array
  /** Number of the polygon that the edge belongs to; ascending. */
  readonly polygon: Int32Array
}

/**
 * All edges of a shape. Edges along one meridian that a ring has at both ends of a whole turn are
 * seams of the layout, not of the area; where they lie on each other they cancel out.
 */
export function edgesOf(shape: Shape): Edges {
  const room = shape.polygons.reduce((n, rings) => rings.reduce((m, ring) => m + ring.length, n), 0)
  const columns = edgeColumns(room)
  let count = 0
  shape.polygons.forEach((rings, polygon) => {
    for (const ring of rings) count = addRing(columns, count, ring, polygon)
  })
  return firstEdges(columns, count)
}

type Columns = Omit<Edges, 'count'>

export const edgeColumns = (room: number): Columns => ({
  x1: new Float64Array(room),
  y1: new Float64Array(room),
  x2: new Float64Array(room),
  y2: new Float64Array(room),
  polygon: new Int32Array(room),
})

export const firstEdges = ({ x1, y1, x2, y2, polygon }: Columns, count: number): Edges => ({
  count,
  x1: x1.subarray(0, count),
  y1: y1.subarray(0, count),
  x2: x2.subarray(0, count),
  y2: y2.subarray(0, count),
  polygon: polygon.subarray(0, count),
})

/** Writes the edges of a ring from row `row` on; the row after them. */
function addRing(columns: Columns, row: number, ring: Ring, polygon: number): number {
  const { x1, y1, x2, y2 } = columns
  const meridians = new Meridians()
  let next = row
  let [x, y] = [0, 0]
  ring.forEach(([lon, lat], i) => {
    const [before, beforeY] = [x, y]
    x = toUnits(lon)
    y = toUnits(lat)
    if (i === 0) return
    if (x === before) {
      meridians.add(x, beforeY, y)
      return
    }
    const east = before < x
    x1[next] = east ? before : x
    y1[next] = east ? beforeY : y
    x2[next] = east ? x : before
    y2[next] = east ? y : beforeY
    next++
  })
  for (const [along, from, to] of meridians.stretches()) {
    x1[next] = x2[next] = along
    y1[next] = from
    y2[next] = to
    next++
  }
  columns.polygon.fill(polygon, row, next)
  return next
}

/** The edges of one ring that run along meridians. */
class Meridians {
  readonly #ends = new Map<number, { readonly xs: Set<number>; readonly ends: number[] }>()

  add(x: number, y1: number, y2: number): void {
    const key = modTurn(x)
    const meridian = this.#ends.get(key) ?? { xs: new Set(), ends: [] }
    meridian.xs.add(x)
    meridian.ends.push(y1, y2)
    this.#ends.set(key, meridian)
  }

  /** What is left of them, as [longitude, from latitude, to latitude]. */
  *stretches(): Generator<readonly [number, number, number]> {
    for (const [x, { xs, ends }] of this.#ends) {
      if (xs.size > 1) ends.sort((a, b) => a - b)
      // In sorted order, what lies between the ends 2i and 2i+1 is covered an odd number of times.
      for (let i = 0; i + 1 < ends.length; i += 2) {
        const [y1, y2] = [ends[i] as number, ends[i + 1] as number]
        if (y1 !== y2) yield [x, y1, y2]
      }
    }
  }
}
