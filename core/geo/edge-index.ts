import { type Edges, edgeColumns, firstEdges } from './edges.ts'
import { crossSign } from './side.ts'
import { makeSlabs, type Slabs } from './slabs.ts'
import type { Span } from './span.ts'
import { modTurn, TURN } from './units.ts'

/** Enough for a slab to hold little more than the edges that cross its meridians. */
const ENTRIES_PER_EDGE = 16

/**
 * The edges of a shape in slabs of longitude. A place is inside when the meridian from it to the
 * North Pole crosses the edges of some polygon an odd number of times; on the cylinder of longitudes
 * no place is named twice, so the antimeridian is nothing special.
 */
export interface EdgeIndex {
  /** Whether a place (units, any longitude) is inside or on an edge. Not for the poles themselves. */
  contains(x: number, y: number): boolean
}

export function indexEdges(edges: Edges, span: Span): EdgeIndex {
  const placed = place(edges, span.from)
  const slabs = makeSlabs(placed.x1, placed.x2, span.width, ENTRIES_PER_EDGE)
  return {
    contains(x, y) {
      const east = modTurn(x - span.from)
      return east <= span.width && anyOdd(placed, slabs, east, y)
    },
  }
}

/** Longitudes east of `origin`; an edge that reaches the end of the turn is there twice. */
function place(edges: Edges, origin: number): Edges {
  const columns = edgeColumns(edges.count * 2)
  let next = 0
  for (let e = 0; e < edges.count; e++) {
    const from = edges.x1[e] as number
    const width = (edges.x2[e] as number) - from
    const west = modTurn(from - origin)
    const last = west + width >= TURN ? west - TURN : west
    for (let x = west; x >= last; x -= TURN) {
      columns.x1[next] = x
      columns.x2[next] = x + width
      columns.y1[next] = edges.y1[e] as number
      columns.y2[next] = edges.y2[e] as number
      columns.polygon[next] = edges.polygon[e] as number
      next++
    }
  }
  return firstEdges(columns, next)
}

/** Whether a place is on an edge, or has an odd number of some polygon's edges north of it. */
function anyOdd(edges: Edges, slabs: Slabs, x: number, y: number): boolean {
  const slab = slabs.slabOf(x)
  const { polygon } = edges
  const end = slabs.starts[slab + 1] as number
  let current = -1
  let odd = false
  for (let i = slabs.starts[slab] as number; i < end; i++) {
    const e = slabs.ids[i] as number
    if (polygon[e] !== current) {
      if (odd) return true
      current = polygon[e] as number
    }
    const relation = toEdge(edges, e, x, y)
    if (relation === ON) return true
    if (relation === SOUTH) odd = !odd
  }
  return odd
}

const ELSEWHERE = 0
const SOUTH = 1
const ON = 2

/** Where a place is seen from an edge. An edge owns its west end and not its east end. */
function toEdge(edges: Edges, e: number, x: number, y: number): number {
  const west = edges.x1[e] as number
  if (x < west) return ELSEWHERE
  const east = edges.x2[e] as number
  if (x > east) return ELSEWHERE
  const ya = edges.y1[e] as number
  const yb = edges.y2[e] as number
  if (y > ya && y > yb) return ELSEWHERE
  const below = x < east ? SOUTH : ELSEWHERE
  if (y < ya && y < yb) return below
  const cross = crossSign(east - west, yb - ya, x - west, y - ya)
  if (cross === 0) return ON
  return cross < 0 ? below : ELSEWHERE
}
