/** A node that cannot be seen to be alive, acted upon or not. */
export interface Missing {
  readonly name: string
  /** When it was last well; any clock, the same for all. */
  readonly sinceMs: number
}

export interface MassLimits {
  /** Nodes that vanish within this time of each other vanish together. */
  readonly windowMs: number
  /** A node that stays away for this long is dead, however many others are. */
  readonly releaseMs: number
}

/** Fewer are never a mass failure: machines do break. */
const LEAST = 3

/** Of an area: more than a third of at least three. */
export const isMassOfArea = (count: number, total: number): boolean =>
  count >= LEAST && count * 3 > total

/** Of all nodes: any majority, where there are enough nodes for the word to mean something. */
export const isMassOfAll = (count: number, total: number): boolean =>
  total >= LEAST && count * 2 > total

/**
 * The names of those that vanished together with so many others that the fault is most likely between
 * us and them. `isMass` decides about the number that vanished together.
 */
export function frozenAmong(
  missing: readonly Missing[],
  isMass: (count: number) => boolean,
  { windowMs, releaseMs }: MassLimits,
  nowMs: number,
): string[] {
  if (!isMass(missing.length)) return []
  const sorted = [...missing].sort((a, b) => a.sinceMs - b.sinceMs)
  const frozen: string[] = []
  let from = 0
  let to = 0
  for (const { name, sinceMs } of sorted) {
    while ((sorted[from]?.sinceMs ?? sinceMs) < sinceMs - windowMs) from++
    while (to < sorted.length && (sorted[to]?.sinceMs ?? 0) <= sinceMs + windowMs) to++
    if (isMass(to - from) && nowMs - sinceMs < releaseMs) frozen.push(name)
  }
  return frozen
}

/** A frozen part of the cluster. */
export interface Freeze {
  /** A country's code, or undefined for all nodes. */
  readonly country?: string
  readonly total: number
  readonly frozen: ReadonlySet<string>
}

export interface Population {
  /** How many nodes there are, and how many by country. */
  readonly total: number
  readonly countries: ReadonlyMap<string, number>
  /** Country of a missing node; undefined: not located. */
  readonly countryOf: (name: string) => string | undefined
}

/** Where too many nodes vanished together, by country and over all. */
export function freezes(
  missing: readonly Missing[],
  population: Population,
  limits: MassLimits,
  nowMs: number,
): Freeze[] {
  const found: Freeze[] = []
  const add = (nodes: readonly Missing[], isMass: (count: number) => boolean, rest: Scope) => {
    const frozen = frozenAmong(nodes, isMass, limits, nowMs)
    if (frozen.length > 0) found.push({ ...rest, frozen: new Set(frozen) })
  }
  const { total, countries, countryOf } = population
  add(missing, (count) => isMassOfAll(count, total), { total })
  for (const [country, nodes] of Map.groupBy(missing, ({ name }) => countryOf(name))) {
    if (country === undefined) continue
    const there = countries.get(country) ?? 0
    add(nodes, (count) => isMassOfArea(count, there), { total: there, country })
  }
  return found
}

type Scope = Omit<Freeze, 'frozen'>
