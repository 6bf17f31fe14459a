import { at, type FlatRing } from './units.ts'

/** Relative size below which a sum of cross products may be rounding only. */
const SUSPICIOUS = 1e-9

/**
 * Whether a ring encloses nothing: all on one line, or every stretch walked there and back. A
 * figure of eight whose lobes cancel in the signed area is not flat.
 */
export function isFlat(ring: FlatRing): boolean {
  let sum = 0
  let size = 0
  for (let i = 2; i + 3 < ring.length; i += 2) {
    const term = triangle(ring, i)
    sum += term
    size += Math.abs(term)
  }
  // Each term is exactly 0 for points on one line: both products round the same real number.
  if (size === 0) return true
  return Math.abs(sum) <= SUSPICIOUS * size && everyEdgeEven(ring)
}

/** Twice the signed area of the triangle of the first position, position i/2 and the next. */
function triangle(ring: FlatRing, i: number): number {
  const [x0, y0] = [at(ring, 0), at(ring, 1)]
  return (
    (at(ring, i) - x0) * (at(ring, i + 3) - y0) - (at(ring, i + 2) - x0) * (at(ring, i + 1) - y0)
  )
}

function everyEdgeEven(ring: FlatRing): boolean {
  const odd = new Set<string>()
  for (let i = 0; i < ring.length; i += 2) {
    const j = (i + 2) % ring.length
    const ends = [`${ring[i]},${ring[i + 1]}`, `${ring[j]},${ring[j + 1]}`].sort()
    const edge = ends.join(' ')
    if (!odd.delete(edge)) odd.add(edge)
  }
  return odd.size === 0
}
