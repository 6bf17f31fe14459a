import { chordToKm, unitVector, type Vector } from './distance.ts'
import { type Edges, edgesOf } from './edges.ts'
import type { Shape } from './types.ts'
import { at, PER_DEGREE } from './units.ts'

/** Edges are cut into pieces of at most a degree, so that a chord is close to its piece. */
const STEP_DEGREES = 1
const PIECES_PER_BLOCK = 32
/** A piece whose curve strays from its chord by less than this part of the distance is not refined. */
const TOLERANCE = 0.004
/** In Earth radii: 1 m. */
const NEGLIGIBLE = 1.6e-7
const RADIANS = Math.PI / 180

/** A stretch of an edge: straight in longitude and latitude (degrees), with the ends on the sphere. */
interface Piece {
  readonly from: readonly [lon: number, lat: number]
  readonly to: readonly [lon: number, lat: number]
  readonly a: Vector
  readonly b: Vector
  /** Bound on how far the curve strays from the chord, in Earth radii. */
  readonly stray: number
}

interface Block {
  readonly pieces: readonly Piece[]
  readonly centre: Vector
  /** Of a ball around the centre that holds all pieces, in Earth radii. */
  readonly radius: number
}

/** Kilometres from a place (degrees) to the nearest edge of a shape, good to 1 %. */
export function outlineDistance(shape: Shape): (lat: number, lon: number) => number {
  const blocks = blocksOf(piecesOf(edgesOf(shape)))
  return (lat, lon) => {
    const place = unitVector(lat, lon)
    const bounds = blocks.map((block) => distance(place, block.centre) - block.radius)
    const order = [...blocks.keys()].sort((i, j) => at(bounds, i) - at(bounds, j))
    let best = Number.POSITIVE_INFINITY
    for (const i of order) {
      if (at(bounds, i) >= best) break
      for (const piece of blocks[i]?.pieces ?? [])
        best = Math.min(best, toPiece(place, piece, best))
    }
    return chordToKm(best)
  }
}

/** Chord to a piece; anything above `best` when it is farther than that. */
function toPiece(place: Vector, piece: Piece, best: number): number {
  let { from, to, a, b, stray } = piece
  let chord = toChord(place, a, b)
  // Halving takes the stray to a quarter; the nearer half is the right one on pieces this short.
  while (chord - stray < best && stray > TOLERANCE * chord && stray > NEGLIGIBLE) {
    const middle = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2] as const
    const m = unitVector(middle[1], middle[0])
    const [first, second] = [toChord(place, a, m), toChord(place, m, b)]
    chord = Math.min(first, second)
    stray /= 4
    if (first <= second) [to, b] = [middle, m]
    else [from, a] = [middle, m]
  }
  return chord
}

function distance(a: Vector, b: Vector): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])
}

/** Distance through space from a place to the segment between two points. */
function toChord(p: Vector, a: Vector, b: Vector): number {
  const [dx, dy, dz] = [b[0] - a[0], b[1] - a[1], b[2] - a[2]]
  const length = dx * dx + dy * dy + dz * dz
  const along = (p[0] - a[0]) * dx + (p[1] - a[1]) * dy + (p[2] - a[2]) * dz
  const t = length === 0 ? 0 : Math.min(1, Math.max(0, along / length))
  return Math.hypot(p[0] - a[0] - t * dx, p[1] - a[1] - t * dy, p[2] - a[2] - t * dz)
}

function piecesOf(edges: Edges): Piece[] {
  const pieces: Piece[] = []
  const step = stepFor(edges)
  for (let e = 0; e < edges.count; e++) {
    const [lon, lat] = [at(edges.x1, e) / PER_DEGREE, at(edges.y1, e) / PER_DEGREE]
    const [dLon, dLat] = [at(edges.x2, e) / PER_DEGREE - lon, at(edges.y2, e) / PER_DEGREE - lat]
    const count = Math.max(1, Math.ceil(Math.max(Math.abs(dLon), Math.abs(dLat)) / step))
    for (let i = 0; i < count; i++) {
      const [s, t] = [i / count, (i + 1) / count]
      pieces.push(piece([lon + s * dLon, lat + s * dLat], [lon + t * dLon, lat + t * dLat]))
    }
  }
  return pieces
}

/** Longer pieces when thousands of edges span continents, which bounds memory (and only then precision). */
function stepFor({ count, x1, y1, x2, y2 }: Edges): number {
  let total = 0
  for (let e = 0; e < count; e++) {
    total += Math.max(Math.abs(at(x2, e) - at(x1, e)), Math.abs(at(y2, e) - at(y1, e)))
  }
  return Math.max(STEP_DEGREES, total / PER_DEGREE / Math.max(20_000, 2 * count))
}

function piece(from: readonly [number, number], to: readonly [number, number]): Piece {
  const [dLon, dLat] = [(to[0] - from[0]) * RADIANS, (to[1] - from[1]) * RADIANS]
  // Curvature of a line straight in (lon, lat) and of the sphere under its chord, both bounded.
  const stray = 0.32 * (dLon * dLon + dLat * dLat)
  return { from, to, a: unitVector(from[1], from[0]), b: unitVector(to[1], to[0]), stray }
}

function blocksOf(pieces: readonly Piece[]): Block[] {
  const blocks: Block[] = []
  for (let i = 0; i < pieces.length; i += PIECES_PER_BLOCK) {
    const part = pieces.slice(i, i + PIECES_PER_BLOCK)
    const sum = part.reduce<Vector>(
      (s, { a }) => [s[0] + a[0], s[1] + a[1], s[2] + a[2]],
      [0, 0, 0],
    )
    const centre: Vector = [sum[0] / part.length, sum[1] / part.length, sum[2] / part.length]
    const reach = part.map(
      ({ a, b, stray }) => Math.max(distance(centre, a), distance(centre, b)) + stray,
    )
    blocks.push({ pieces: part, centre, radius: Math.max(...reach) })
  }
  return blocks
}
