import type { Requirement, Term } from '../types.ts'
import {
  contains,
  equalTerms,
  isEmpty,
  type KeyedTerm,
  keyed,
  positionsOf,
  requirementKey,
  takeOut,
  without,
} from './requirements.ts'

/** What is known of the expressions that admission put into terms. */
export interface Injected {
  /** The alternatives, one of which each term got, in the order in which they were multiplied in. */
  readonly alternatives: readonly (readonly Requirement[])[]
  /**
   * The user's own terms before this update, when they are known. An expression that one of them has
   * as well is theirs, and a term with only a part of ours was damaged by hand.
   */
  readonly own?: readonly Term[]
  /** Accept complete groups only (one term per alternative with equal rests): nothing else proves that it is ours. */
  readonly wholeGroupsOnly?: boolean
}

/** More terms than this are never made, so as many of the user's own cannot have been multiplied. */
const MAX_TERMS = 64

/**
 * The user's own terms: what is left when the injected expressions are taken out, alternatives of one
 * term folded to one, and what remains empty, which was ours, dropped. An empty term of the user stays.
 *
 * Injected terms that nobody touched are inverted exactly. Terms that were edited are judged one by
 * one; what is in doubt counts as the user's, since dropping it would let pods run where they must not.
 */
export function stripTerms(terms: readonly Term[], injected: Injected): Term[] {
  const stripping = new Stripping(terms, injected)
  return stripping.resetByClient() ? [...terms] : stripping.run()
}

/** A term after the injected expressions are out of it. */
interface Taken {
  readonly rest: KeyedTerm
  /** Index of the alternative; undefined: nothing of it was left. */
  readonly index?: number
}

/** The last terms, as far as they fold to one: their rest, their number and their alternatives. */
interface Folded {
  readonly rest: KeyedTerm
  readonly size: number
  readonly seen: ReadonlySet<number>
}

const NONE_SEEN: ReadonlySet<number> = new Set()

function fold({ rest, index }: Taken, last?: Folded): Folded {
  const seen = new Set(last?.seen)
  if (index !== undefined) seen.add(index)
  return { rest, size: (last?.size ?? 0) + 1, seen }
}

interface Judgement {
  readonly rest: readonly KeyedTerm[]
  /** How many terms this is about. */
  readonly length: number
  /** Set for a term that was judged alone. */
  readonly single?: Taken
}

/** What remains empty was ours. */
const unlessEmpty = (rest: KeyedTerm): KeyedTerm[] => (isEmpty(rest.term) ? [] : [rest])

class Stripping {
  readonly #terms: readonly KeyedTerm[]
  readonly #alternatives: readonly (readonly string[])[]
  readonly #own: readonly KeyedTerm[] | undefined
  readonly #wholeGroupsOnly: boolean
  readonly #mayBeDamaged: boolean

  constructor(terms: readonly Term[], { alternatives, own, wholeGroupsOnly = false }: Injected) {
    this.#terms = terms.map(keyed)
    this.#alternatives = alternatives.map((alternative) => alternative.map(requirementKey))
    const known = own?.filter((term) => !isEmpty(term)).map(keyed)
    this.#own = known && known.length * alternatives.length <= MAX_TERMS ? known : undefined
    this.#wholeGroupsOnly = wholeGroupsOnly
    this.#mayBeDamaged = this.#own !== undefined && this.#holdsInjected()
  }

  /** Whether a client wrote the user's own terms back over ours, as `kubectl apply` does. */
  resetByClient(): boolean {
    const terms = this.#terms.filter(({ term }) => !isEmpty(term))
    const own = this.#own
    return (
      this.#alternatives.length === 0 ||
      (own !== undefined &&
        own.length === terms.length &&
        terms.every((term, i) => equalTerms(term, own[i] as KeyedTerm)))
    )
  }

  run(): Term[] {
    const own: KeyedTerm[] = []
    let last: Folded | undefined
    for (let at = 0; at < this.#terms.length; ) {
      const { rest, length, single } = this.#judge(at, last)
      at += length
      if (single && last && this.#continues(last, single)) {
        last = fold(single, last)
        continue
      }
      last = single && fold(single)
      own.push(...rest)
    }
    return own.map(({ term }) => term)
  }

  /** What the term at a position, or the group that begins there, leaves of the user. */
  #judge(at: number, last: Folded | undefined): Judgement {
    const term = this.#terms[at] as KeyedTerm
    if (isEmpty(term.term)) return { rest: [term], length: 1 }
    const group = this.#group(at)
    if (group) return { rest: unlessEmpty(group), length: this.#alternatives.length }
    const single = this.#single(term, last?.seen ?? NONE_SEEN)
    return single
      ? { rest: unlessEmpty(single.rest), length: 1, single }
      : { rest: [term], length: 1 }
  }

  /** The common rest of the terms from `at` on, when they are one user term with each alternative. */
  #group(at: number): KeyedTerm | undefined {
    let rest: KeyedTerm | undefined
    for (const [i, alternative] of this.#alternatives.entries()) {
      const term = this.#terms[at + i]
      const taken = term && this.#take(term, alternative)
      if (!taken || (rest && !equalTerms(rest, taken))) return undefined
      rest = taken
    }
    return rest
  }

  #single(term: KeyedTerm, seen: ReadonlySet<number>): Taken | undefined {
    if (this.#wholeGroupsOnly) return undefined
    let best: (Taken & { length: number }) | undefined
    for (const [index, alternative] of this.#alternatives.entries()) {
      const rest = this.#take(term, alternative)
      const { length } = alternative
      // The longest, since one alternative may contain another; of equal ones one that is missing yet.
      const better =
        !best || length > best.length || (length === best.length && seen.has(best.index ?? -1))
      if (rest && better) best = { rest, index, length }
    }
    return best ?? this.#damaged(term, seen)
  }

  #take(term: KeyedTerm, alternative: readonly string[]): KeyedTerm | undefined {
    return takeOut(term, alternative, this.#own)
  }

  /** A known term of the user with only a part of an alternative: somebody removed the other part. */
  #damaged(term: KeyedTerm, seen: ReadonlySet<number>): Taken | undefined {
    if (!this.#mayBeDamaged || !this.#own) return undefined
    const nothing: KeyedTerm = { term: {}, keys: [], fields: '[]' }
    const sources = this.#own.length > 0 ? this.#own : [nothing]
    for (const source of sources.toSorted((a, b) => b.keys.length - a.keys.length)) {
      if (source.fields !== term.fields || !contains(term.keys, source.keys)) continue
      const part = without(term, positionsOf(term.keys, source.keys) ?? new Set()).keys
      const rest = without(term, positionsOf(term.keys, part) ?? new Set())
      if (part.length === 0) return { rest }
      const fits = this.#alternatives.flatMap((alternative, i) =>
        contains(alternative, part) ? [i] : [],
      )
      const index = fits.find((i) => !seen.has(i)) ?? fits[0]
      if (index !== undefined) return { rest, index }
    }
    return undefined
  }

  /** With several alternatives a term that looks damaged may be the user's; a sound one beside it decides. */
  #holdsInjected(): boolean {
    return (
      this.#alternatives.length === 1 ||
      this.#terms.some((term) =>
        this.#alternatives.some((alternative) => this.#take(term, alternative)),
      )
    )
  }

  /** Whether a term is a further alternative of the same user term as the last one. */
  #continues(last: Folded, next: Taken): boolean {
    return (
      last.size < this.#alternatives.length &&
      equalTerms(last.rest, next.rest) &&
      (next.index === undefined || !last.seen.has(next.index))
    )
  }
}
