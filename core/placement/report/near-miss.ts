import { nearest } from '../../nearest.ts'
import { IN } from '../choice/fact-table.ts'
import type { Hosts } from '../choice/hosts.ts'
import type { RowFacts } from '../choice/membership.ts'
import { LOCATED, type RowKey, rowKeys } from '../choice/row-keys.ts'
import { type Measure, nearestOutside, type Outside } from './nearest-outside.ts'
import { areaWords, keyWords, kmWords, nodesWords, valueWords } from './words.ts'

/** What would help a row that finds too few nodes. */
export type NearMiss =
  | ({ readonly kind: 'outside' } & Outside)
  | {
      readonly kind: 'key'
      /** The key as the user wrote it: `city=Pari`. */
      readonly key: string
      /** How many usable nodes would match without it. */
      readonly gained: number
      /** A value that nodes do have and that is spelt alike. */
      readonly similar?: string
      readonly name: string
    }

/** A key as the user knows it. */
interface KeyWords {
  readonly name: string
  readonly text: string
  /** Of an attribute, as the user writes them. */
  readonly values: readonly string[]
}

function wordsOf({ label, facts, areas = [] }: RowKey): KeyWords {
  const { attributes, anyOf, noneOf } = facts
  if (label !== undefined) {
    const values = attributes.flatMap(({ operator, values: own = [] }) =>
      own.map((value) => (operator === 'NotIn' ? '!' : '') + valueWords(label, value)),
    )
    const name = keyWords(label)
    return { name, text: `${name}=${values.join(',')}`, values }
  }
  const [circle] = areas
  if (facts.near && circle?.kind === 'circle')
    return { name: 'near', text: `the limit of ${kmWords(circle.km)}`, values: [] }
  const excluded = noneOf.length > 0 ? 'the exclusion of ' : ''
  const text = excluded + [...anyOf, ...noneOf].map(areaWords).join(' or ')
  return { name: 'area', text, values: [] }
}

/** The located nodes (slots) that a single key keeps out, for each key; usable or not. */
function excluded(keys: readonly RowKey[], { table }: Hosts): Map<RowKey, number[]> {
  const columns = keys.map((key) => table.column(key))
  const located = table.column(LOCATED)
  const found = keys.map((): number[] => [])
  for (let slot = 0; slot < table.size; slot++) {
    if (located[slot] !== IN) continue
    const key = onlyFailure(columns, slot)
    if (key !== undefined) found[key]?.push(slot)
  }
  return new Map(keys.map((key, i) => [key, found[i] ?? []]))
}

/** Index of the one column that does not hold a slot; undefined: none or several. */
function onlyFailure(columns: readonly Uint8Array[], slot: number): number | undefined {
  let failing: number | undefined
  for (let i = 0; i < columns.length; i++) {
    if (columns[i]?.[slot] === IN) continue
    if (failing !== undefined) return undefined
    failing = i
  }
  return failing
}

/** Values that are looked up among the known ones: a list that long is no spelling mistake. */
const SPELT = 8

/** Keys whose values nobody checks at admission, so that they can be misspelt. */
const UNCHECKED: ReadonlySet<string> = new Set(['state', 'city'])

/** `slots`: the nodes that the key alone keeps out. A value that any node has is spelt right. */
function similarValue(
  { label }: RowKey,
  { name, values }: KeyWords,
  slots: readonly number[],
  hosts: Hosts,
): string | undefined {
  if (label === undefined || !UNCHECKED.has(name)) return undefined
  const column = hosts.table.label(label)
  const shown = column.values.map((value) => valueWords(label, value))
  const existing = new Set(shown)
  const indices = new Set(slots.map((slot) => column.indices[slot] ?? 0))
  // The nodes without the label, if there are any.
  indices.delete(0)
  const sorted = [...new Set(Array.from(indices, (index) => shown[index] ?? ''))].sort()
  for (const value of values.slice(0, SPELT)) {
    if (existing.has(value)) continue
    const similar = nearest(value, sorted)
    if (similar !== undefined) return similar
  }
  return undefined
}

/**
 * The nearest node outside a row's area or circle, if the rest of the row lets one in; otherwise the
 * key that keeps out the most nodes. Undefined: no single key is to blame.
 */
export function nearMiss(row: RowFacts, hosts: Hosts, measure: Measure): NearMiss | undefined {
  const found = excluded(rowKeys(row), hosts)
  for (const [{ areas }, slots] of found) {
    const outside = areas && nearestOutside(areas, slots, hosts, measure)
    if (outside) return { kind: 'outside', ...outside }
  }
  return worstKey(found, hosts)
}

function worstKey(found: ReadonlyMap<RowKey, number[]>, hosts: Hosts): NearMiss | undefined {
  const [worst] = [...found]
    // Without a radius, `near` keeps out only nodes whose place is not known.
    .filter(([{ facts, areas }]) => !facts.near || areas)
    .map(([key, slots]) => [key, slots.filter((slot) => !hosts.obstacle(slot))] as const)
    .filter(([, slots]) => slots.length > 0)
    .sort(([, a], [, b]) => b.length - a.length)
  if (!worst) return undefined
  const [key, slots] = worst
  const words = wordsOf(key)
  const similar = similarValue(key, words, slots, hosts)
  return {
    kind: 'key',
    key: words.text,
    name: words.name,
    gained: slots.length,
    ...(similar !== undefined && { similar }),
  }
}

/** "nearest outside: node-x, Lyon, 12 km"; "without city=Pari 7 nodes would match; ...". */
export function nearMissWords(miss: NearMiss): string {
  if (miss.kind === 'outside') return `nearest outside: ${miss.text}`
  const similar = miss.similar === undefined ? '' : `; nearest known ${miss.name}: ${miss.similar}`
  return `without ${miss.key} ${nodesWords(miss.gained)} would match${similar}`
}
