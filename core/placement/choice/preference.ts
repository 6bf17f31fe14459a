import { chordToKm, unitVector, type Vector } from '../../geo/distance.ts'
import type { NodeView, Row } from '../types.ts'
import { rendezvousSeed, weight } from './rendezvous.ts'

/** Nodes nearer to each other than this count as one place: metropolitan areas are this wide. */
export const SPREAD_STEP_KM = 50

/** Differences in distance below this are noise of the nodes' coordinates. */
export const NEAREST_STEP_KM = 1

/** Farther than any two places on Earth: nothing is chosen yet. */
const NOTHING_NEAR = 1e6

/** Great-circle distance in whole steps, from the square of the chord. */
function steps(chordSquared: number, stepKm: number): number {
  return Math.floor(chordToKm(Math.sqrt(chordSquared)) / stepKm)
}

/** The order in which a row wants its candidates. */
export interface Preference {
  readonly weights: Uint32Array
  /** Takes note of a node that the row holds now. */
  add(held: NodeView): void
  /** Takes note of one that it holds no longer. */
  remove(held: NodeView): void
  /** How good the candidates are now: higher first. The tie is broken by weight, then by name. */
  readonly scores: Int32Array
}

/** Keeps each candidate's nearest held node, so that a change costs one pass over the candidates. */
class FarthestPoint implements Preference {
  readonly weights: Uint32Array
  readonly #points: Float64Array
  readonly #held = new Map<string, Vector>()
  readonly #nearest: (string | undefined)[]
  /** Squares of the chords to the nearest: comparing them needs no trigonometry. */
  readonly #chords: Float64Array
  readonly scores: Int32Array

  constructor(candidates: readonly NodeView[], weights: Uint32Array) {
    this.weights = weights
    this.#points = new Float64Array(candidates.length * 3)
    candidates.forEach(({ place }, i) => {
      if (!place) return
      const [x, y, z] = unitVector(place.lat, place.lon)
      this.#points[i * 3] = x
      this.#points[i * 3 + 1] = y
      this.#points[i * 3 + 2] = z
    })
    this.#nearest = new Array(candidates.length).fill(undefined)
    this.#chords = new Float64Array(candidates.length).fill(Number.POSITIVE_INFINITY)
    this.scores = new Int32Array(candidates.length).fill(NOTHING_NEAR)
  }

  add({ name, place }: NodeView): void {
    if (!place) return
    const vector = unitVector(place.lat, place.lon)
    this.#held.set(name, vector)
    const [x, y, z] = vector
    const chords = this.#chords
    const points = this.#points
    // The one loop that runs for every pick over every candidate: no calls in it.
    for (let i = 0, p = 0; i < chords.length; i++, p += 3) {
      const dx = (points[p] as number) - x
      const dy = (points[p + 1] as number) - y
      const dz = (points[p + 2] as number) - z
      const chord = dx * dx + dy * dy + dz * dz
      if (chord < (chords[i] as number)) this.#approach(i, name, chord)
    }
  }

  remove({ name }: NodeView): void {
    if (!this.#held.delete(name)) return
    for (let i = 0; i < this.#chords.length; i++) {
      if (this.#nearest[i] !== name) continue
      this.#nearest[i] = undefined
      this.#chords[i] = Number.POSITIVE_INFINITY
      this.scores[i] = NOTHING_NEAR
      for (const [other, vector] of this.#held) {
        const chord = this.#chord(i, vector)
        if (chord < (this.#chords[i] as number)) this.#approach(i, other, chord)
      }
    }
  }

  #chord(i: number, [x, y, z]: Vector): number {
    const [a = 0, b = 0, c = 0] = this.#points.subarray(i * 3, i * 3 + 3)
    return (a - x) ** 2 + (b - y) ** 2 + (c - z) ** 2
  }

  #approach(i: number, name: string, chord: number): void {
    this.#nearest[i] = name
    this.#chords[i] = chord
    this.scores[i] = steps(chord, SPREAD_STEP_KM)
  }
}

class Nearest implements Preference {
  readonly weights: Uint32Array
  readonly scores: Int32Array

  constructor(
    candidates: readonly NodeView[],
    weights: Uint32Array,
    centre: { readonly lat: number; readonly lon: number },
  ) {
    this.weights = weights
    const [x, y, z] = unitVector(centre.lat, centre.lon)
    this.scores = Int32Array.from(candidates, ({ place }) => {
      if (!place) return -NOTHING_NEAR
      const [a, b, c] = unitVector(place.lat, place.lon)
      return -steps((a - x) ** 2 + (b - y) ** 2 + (c - z) ** 2, NEAREST_STEP_KM)
    })
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
  candidates: readonly NodeView[],
): Preference {
  const seed = rendezvousSeed(workload, row.id)
  const weights = new Uint32Array(candidates.length)
  candidates.forEach(({ name }, i) => {
    weights[i] = weight(seed, name)
  })
  return row.near && row.near.km === undefined
    ? new Nearest(candidates, weights, row.near)
    : new FarthestPoint(candidates, weights)
}
