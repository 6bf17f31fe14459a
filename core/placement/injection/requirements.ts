import type { Requirement, Term } from '../types.ts'

/** A text that is equal for equal requirements; the order of values has no meaning. */
export const requirementKey = ({ key, operator, values = [] }: Requirement): string =>
  JSON.stringify([key, operator, ...[...values].sort()])

/** A term as keys, so that comparing is cheap. */
export interface KeyedTerm {
  readonly term: Term
  /** Of matchExpressions, in order. */
  readonly keys: readonly string[]
  /** Of all matchFields. */
  readonly fields: string
}

export function keyed(term: Term): KeyedTerm {
  const keys = (term.matchExpressions ?? []).map(requirementKey)
  return { term, keys, fields: JSON.stringify((term.matchFields ?? []).map(requirementKey)) }
}

/** Such a term matches no node. */
export const isEmpty = (term: Term): boolean =>
  (term.matchExpressions ?? []).length === 0 && (term.matchFields ?? []).length === 0

export const equalTerms = (a: KeyedTerm, b: KeyedTerm): boolean =>
  a.fields === b.fields &&
  a.keys.length === b.keys.length &&
  a.keys.every((key, i) => key === b.keys[i])

/**
 * Positions in `keys` of all of `part`, each taken once and as near to the end as possible (that is
 * where admission put them); undefined when something of `part` is not there.
 */
export function positionsOf(
  keys: readonly string[],
  part: readonly string[],
): Set<number> | undefined {
  const [first] = part
  if (part.length > keys.length || (first !== undefined && !keys.includes(first))) return undefined
  const missing = new Map<string, number>()
  for (const key of part) missing.set(key, (missing.get(key) ?? 0) + 1)
  const taken = new Set<number>()
  for (let at = keys.length - 1; at >= 0 && taken.size < part.length; at--) {
    const key = keys[at] as string
    const count = missing.get(key) ?? 0
    if (count === 0) continue
    missing.set(key, count - 1)
    taken.add(at)
  }
  return taken.size === part.length ? taken : undefined
}

/** Whether `keys` holds all of `part`, counting repetitions. */
export const contains = (keys: readonly string[], part: readonly string[]): boolean =>
  positionsOf(keys, part) !== undefined

/** The term without the expressions at some positions; what gets empty is left out. */
export function without(
  { term, keys, fields }: KeyedTerm,
  positions: ReadonlySet<number>,
): KeyedTerm {
  const { matchExpressions = [], ...others } = term
  const rest = matchExpressions.filter((_, i) => !positions.has(i))
  return {
    term: rest.length > 0 ? { ...others, matchExpressions: rest } : others,
    keys: keys.filter((_, i) => !positions.has(i)),
    fields,
  }
}

/** How many expressions two terms do not have in common; infinite when their fields differ. */
function difference(a: KeyedTerm, b: KeyedTerm): number {
  if (a.fields !== b.fields) return Number.POSITIVE_INFINITY
  const counts = new Map<string, number>()
  for (const key of a.keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  for (const key of b.keys) counts.set(key, (counts.get(key) ?? 0) - 1)
  return [...counts.values()].reduce((sum, count) => sum + Math.abs(count), 0)
}

const occurrences = (keys: readonly string[], wanted: string): number =>
  keys.reduce((count, key) => (key === wanted ? count + 1 : count), 0)

/**
 * The term without an injected part. Undefined when it has not all of it, or no more of it than the
 * one of the user's own terms that it most likely came from: then the expressions are the user's.
 */
export function takeOut(
  term: KeyedTerm,
  part: readonly string[],
  own: readonly KeyedTerm[] = [],
): KeyedTerm | undefined {
  const positions = positionsOf(term.keys, part)
  if (!positions) return undefined
  const rest = without(term, positions)
  const distances = own.map((mine) => difference(rest, mine))
  const least = Math.min(...distances)
  const isOurs = own.every(
    (mine, i) =>
      distances[i] !== least ||
      part.every((key) => occurrences(term.keys, key) > occurrences(mine.keys, key)),
  )
  return isOurs ? rest : undefined
}
