import { crossesItself } from './crossing.ts'
import { HALF_TURN, modTurn, type RawRing, toDegrees } from './units.ts'
import type { LaidRing } from './unwrap.ts'

/** A warning must stay under 256 bytes, else kubectl's server may cut it. */
const MAX_PATH = 72

/** Sentences on what in a geometry can be read in two ways: the first of each sort. */
export class Notes {
  readonly #bySort = new Map<string, string>()

  get sentences(): string[] {
    return [...this.#bySort.values()]
  }

  /** How a ring was laid out, and whether it crosses itself. */
  ring(ring: RawRing, laid: LaidRing): void {
    if (laid.shortWay) {
      const read = 'has a step over more than 180 degrees of longitude, read the short way'
      this.#add('short', ring, `${read}; put a position in between to mean the long way`)
    }
    if (laid.alongParallel) {
      const read = 'has a step of 360 degrees, read as a line along the parallel'
      this.#add(
        'parallel',
        ring,
        `${read}; add positions at latitude 90 or -90 to include the pole`,
      )
    }
    const crossing = crossesItself(laid.points, laid.net)
    if (crossing === 'unknown') {
      this.#add('unchecked', ring, 'is too tangled to be checked for crossing itself')
    } else if (crossing !== undefined) {
      const [x, y] = [modTurn(crossing[0] + HALF_TURN) - HALF_TURN, crossing[1]]
      const near = [x, y].map((value) => toDegrees(value).toFixed(4)).join(', ')
      const read = 'what it encloses an even number of times counts as outside'
      this.#add('crossing', ring, `crosses itself near [${near}]; ${read}`)
    }
  }

  /** A ring without positions at the pole was closed over it. */
  pole(ring: RawRing, pole: number): void {
    const name = pole > 0 ? 'North' : 'South'
    const read = `goes round the Earth, read as the cap over the ${name} Pole`
    this.#add('pole', ring, `${read}; add positions at latitude ${toDegrees(pole)} to say so`)
  }

  #add(sort: string, { path }: RawRing, sentence: string): void {
    const where = path.length > MAX_PATH ? `…${path.slice(1 - MAX_PATH)}` : path
    if (!this.#bySort.has(sort)) this.#bySort.set(sort, `${where} ${sentence}`)
  }
}
