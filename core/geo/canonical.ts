import { at, type FlatRing, HALF_TURN, modTurn, TURN } from './units.ts'

/** Compares the positions at two indices of a flat ring. */
type Compare = (ring: FlatRing, i: number, j: number) => number

const byPlace: Compare = (ring, i, j) =>
  at(ring, i) - at(ring, j) || at(ring, i + 1) - at(ring, j + 1)

/** Lexicographic order of flat rings. */
export function compareRings(a: FlatRing, b: FlatRing): number {
  const n = Math.min(a.length, b.length)
  for (let i = 0; i < n; i++) {
    const difference = at(a, i) - at(b, i)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** The same ring whichever position it began with and whichever way it went. */
export function canonicalRing(ring: FlatRing): FlatRing {
  const forth = rotate(ring, leastRotation(ring, byPlace), 0)
  const reversed = reverse(ring)
  const back = rotate(reversed, leastRotation(reversed, byPlace), 0)
  return compareRings(forth, back) <= 0 ? forth : back
}

/** Moves a ring by whole turns, so that its westernmost longitude lies in [from, from + 360°). */
export function intoTurn(ring: FlatRing, from: number): FlatRing {
  const west = westOf(ring)
  return moveBy(ring, from + modTurn(west - from) - west)
}

/**
 * Closes a ring that circles a pole: from its position nearest to that pole along the meridian to
 * the pole, and back a turn further. Starting there, the seam meets nothing of the ring.
 */
export function closeOverPole(ring: FlatRing, net: number, pole: number): FlatRing {
  const eastward = net > 0 ? ring : reverse(ring)
  const sign = Math.sign(pole)
  const poleward: Compare = (r, i, j) =>
    sign * (at(r, j + 1) - at(r, i + 1)) || modTurn(at(r, i)) - modTurn(at(r, j))
  const rotated = rotate(eastward, leastRotation(eastward, poleward), TURN)
  const start = modTurn(at(rotated, 0) + HALF_TURN) - HALF_TURN
  const moved = [...moveBy(rotated, start - at(rotated, 0))]
  const lat = at(moved, 1)
  moved.push(start + TURN, lat)
  if (lat !== pole) moved.push(start + TURN, pole, start, pole)
  return moved
}

export const westOf = (ring: FlatRing): number => {
  let west = at(ring, 0)
  for (let i = 2; i < ring.length; i += 2) west = Math.min(west, at(ring, i))
  return west
}

export const eastOf = (ring: FlatRing): number => {
  let east = at(ring, 0)
  for (let i = 2; i < ring.length; i += 2) east = Math.max(east, at(ring, i))
  return east
}

function moveBy(ring: FlatRing, shift: number): FlatRing {
  return shift === 0 ? ring : ring.map((value, i) => (i % 2 === 0 ? value + shift : value))
}

function reverse(ring: FlatRing): FlatRing {
  const points: number[] = []
  for (let i = ring.length - 2; i >= 0; i -= 2) points.push(at(ring, i), at(ring, i + 1))
  return points
}

/** The ring begun at another position; what comes after the old end has gained `net` in longitude. */
function rotate(ring: FlatRing, start: number, net: number): FlatRing {
  if (start === 0) return ring
  return [...ring.slice(start), ...moveBy(ring.slice(0, start), net)]
}

/** Where the lexicographically least rotation begins, in linear time also for periodic rings. */
function leastRotation(ring: FlatRing, compare: Compare): number {
  const n = ring.length / 2
  let [i, j, same] = [0, 1, 0]
  while (i < n && j < n && same < n) {
    const order = compare(ring, ((i + same) % n) * 2, ((j + same) % n) * 2)
    if (order === 0) {
      same++
      continue
    }
    if (order > 0) i += same + 1
    else j += same + 1
    if (i === j) j++
    same = 0
  }
  return Math.min(i, j) * 2
}
