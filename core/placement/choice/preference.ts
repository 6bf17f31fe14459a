import { chordToKm, EARTH_RADIUS_KM, unitVector, type Vector } from '../../geo/distance.ts'
import type { NodeView, Row } from '../types.ts'
import { rendezvousSeed, weight } from './rendezvous.ts'

/** Nodes nearer to each other than this count as one place: metropolitan areas are this wide. */
export const SPREAD_STEP_KM = 50

/** Differences in distance below this are noise of the nodes' coordinates. */
export const NEAREST_STEP_KM = 1

/** Score of a node before anything is chosen: above any distance in steps of SPREAD_STEP_KM. */
const NOTHING_NEAR = 1000

/** Score of a node without place among the nearest: below any distance in steps of NEAREST_STEP_KM. */
const NO_PLACE = -30_000

/** Great-circle distance in whole steps, from the square of the chord. */
function steps(chordSquared: number, stepKm: number): number {
  return Math.floor(chordToKm(Math.sqrt(chordSquared)) / stepKm)
}

/** A node that is compared with others. */
export interface Contender {
  readonly node: NodeView
  /** Where it is, if somebody knows that already. */
  readonly point?: Vector
  /** 0 to 2: higher is taken first, whatever its place. */
  readonly priority: number
}

/** Square of a chord that is certainly shorter than one step. */
const SPREAD_STEP_CHORD = (2 * Math.sin(SPREAD_STEP_KM / 2 / EARTH_RADIUS_KM)) ** 2 * (1 - 1e-9)

/** The order in which a row wants its candidates, which are meant by their index. */
export interface Preference {
  /** Ranks as last known; true ranks are never higher. */
  readonly ranks: Float64Array
  /** How good a candidate is now: higher first. Equal ones are taken by name. */
  rank(candidate: number): number
  /** Takes note of a node that the row holds now. */
  add(held: NodeView): void
  /** Takes note of one that it holds no longer. */
  remove(held: NodeView): void
}

/**
 * Priority (2 bits), score (16 bits, signed) and weight (32 bits) in one exact number: comparing the
 * candidates is what is done most often of all.
 */
function rank(priority: number, score: number, weightOf: number): number {
  return ((priority + 0.5) * 0x10000 + score) * 2 ** 32 + weightOf
}

function pointOf({ point, node: { place } }: Contender): Vector | undefined {
  return point ?? (place && unitVector(place.lat, place.lon))
}

const NOBODY_NEAR = -1
const NO_POINT: Vector = [Number.NaN, Number.NaN, Number.NaN]

/**
 * Compares a candidate with what is held only when its rank is asked for. Whoever seeks the best asks
 * for few: ranks fall as more is held, so one that was lower before needs no look. Of 1,000 picks out
 * of 5,000 nodes that leaves a small part of 5 million distances.
 */
class FarthestPoint implements Preference {
  readonly ranks: Float64Array
  readonly #candidates: readonly Contender[]
  readonly #weights: Uint32Array
  readonly #points: readonly (Vector | undefined)[]
  /** What is or was held, in the order in which it came; NaN: no longer. */
  readonly #held = { x: [] as number[], y: [] as number[], z: [] as number[] }
  readonly #indices = new Map<string, number>()
  /** How many of the held each candidate has been compared with, and the nearest of those. */
  readonly #seen: Uint32Array
  readonly #nearest: Int32Array
  /** Squares of the chords to the nearest: comparing them needs no trigonometry. */
  readonly #chords: Float64Array

  constructor(candidates: readonly Contender[], weights: Uint32Array) {
    this.#candidates = candidates
    this.#weights = weights
    this.#points = candidates.map(pointOf)
    this.ranks = new Float64Array(candidates.length)
    this.#seen = new Uint32Array(candidates.length)
    this.#nearest = new Int32Array(candidates.length)
    this.#chords = new Float64Array(candidates.length)
    for (let candidate = 0; candidate < candidates.length; candidate++) this.#forget(candidate)
  }

  add({ name, place }: NodeView): void {
    if (!place) return
    const [x, y, z] = unitVector(place.lat, place.lon)
    this.#indices.set(name, this.#held.x.push(x) - 1)
    this.#held.y.push(y)
    this.#held.z.push(z)
  }

  remove({ name }: NodeView): void {
    const index = this.#indices.get(name)
    if (index === undefined) return
    this.#indices.delete(name)
    this.#held.x[index] = Number.NaN
    for (const [candidate, nearest] of this.#nearest.entries()) {
      if (nearest === index) this.#forget(candidate)
    }
  }

  rank(candidate: number): number {
    const before = this.#chords[candidate] as number
    const chord = this.#compare(candidate, before)
    if (chord < before) this.#rank(candidate, steps(chord, SPREAD_STEP_KM))
    return this.ranks[candidate] as number
  }

  /** Square of the chord to the nearest of what is held; `chord`: of what has been compared. */
  #compare(candidate: number, chord: number): number {
    const { x, y, z } = this.#held
    const [px, py, pz] = this.#points[candidate] ?? NO_POINT
    let least = chord
    let seen = this.#seen[candidate] as number
    // Within a step of a held node the score is the lowest there is, whatever else is held.
    for (; seen < x.length && least >= SPREAD_STEP_CHORD; seen++) {
      const dx = (x[seen] as number) - px
      const dy = (y[seen] as number) - py
      const dz = (z[seen] as number) - pz
      const square = dx * dx + dy * dy + dz * dz
      if (!(square < least)) continue
      least = square
      this.#nearest[candidate] = seen
    }
    this.#seen[candidate] = seen
    this.#chords[candidate] = least
    return least
  }

  #forget(candidate: number): void {
    this.#seen[candidate] = 0
    this.#nearest[candidate] = NOBODY_NEAR
    this.#chords[candidate] = Number.POSITIVE_INFINITY
    this.#rank(candidate, NOTHING_NEAR)
  }

  #rank(i: number, score: number): void {
    this.ranks[i] = rank(this.#candidates[i]?.priority ?? 0, score, this.#weights[i] as number)
  }
}

class Nearest implements Preference {
  readonly ranks: Float64Array

  constructor(
    candidates: readonly Contender[],
    weights: Uint32Array,
    centre: { readonly lat: number; readonly lon: number },
  ) {
    const [x, y, z] = unitVector(centre.lat, centre.lon)
    this.ranks = new Float64Array(candidates.length)
    for (const [i, candidate] of candidates.entries()) {
      const point = pointOf(candidate)
      const square = point && (point[0] - x) ** 2 + (point[1] - y) ** 2 + (point[2] - z) ** 2
      const score = square === undefined ? NO_PLACE : -steps(square, NEAREST_STEP_KM)
      this.ranks[i] = rank(candidate.priority, score, weights[i] as number)
    }
  }

  rank(candidate: number): number {
    return this.ranks[candidate] as number
  }

  add(): void {}

  remove(): void {}
}

/**
 * The preference of one row of one workload over candidates. A row with `near` and no radius wants
 * the nearest. Any other wants its nodes far apart: the first by rendezvous, then each time the one
 * whose nearest fellow is farthest away.
 */
export function preference(
  row: Pick<Row, 'id' | 'near'>,
  workload: string,
  candidates: readonly Contender[],
): Preference {
  const seed = rendezvousSeed(workload, row.id)
  const weights = Uint32Array.from(candidates, ({ node }) => weight(seed, node.name))
  return row.near && row.near.km === undefined
    ? new Nearest(candidates, weights, row.near)
    : new FarthestPoint(candidates, weights)
}
