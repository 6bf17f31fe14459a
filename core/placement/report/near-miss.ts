import { nearest } from '../../nearest.ts'
import { hostEnterObstacle } from '../choice/eligible.ts'
import { circleOf, factObstacle, isLocated, type RowFacts } from '../choice/membership.ts'
import type { SelectInput } from '../choice/select-types.ts'
import type { Area, NodeView, Requirement } from '../types.ts'
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

/** One key of a row: the facts that hold it alone. */
interface Key {
  readonly name: string
  readonly text: string
  readonly facts: RowFacts
  /** Of an attribute: the label, and its values as the user writes them. */
  readonly label?: string
  readonly values?: readonly string[]
  /** Of an area or a circle: where the nodes should be. */
  readonly areas?: readonly Area[]
}

const NO_FACTS: RowFacts = { attributes: [], anyOf: [], noneOf: [] }

/** The keys of a row. Requirements on one label belong together (`NotIn` goes with `Exists`). */
function keysOf(row: RowFacts): Key[] {
  const byLabel = new Map<string, Requirement[]>()
  for (const requirement of row.attributes) {
    byLabel.set(requirement.key, [...(byLabel.get(requirement.key) ?? []), requirement])
  }
  return [...[...byLabel].map(attributeKey), ...areaKeys(row)]
}

function areaKeys(row: RowFacts): Key[] {
  const { anyOf, noneOf, near } = row
  const keys: Key[] = []
  if (anyOf.length > 0) {
    const text = anyOf.map(areaWords).join(' or ')
    keys.push({ name: 'area', text, facts: { ...NO_FACTS, anyOf }, areas: anyOf })
  }
  for (const area of noneOf) {
    const facts = { ...NO_FACTS, noneOf: [area] }
    keys.push({ name: 'area', text: `the exclusion of ${areaWords(area)}`, facts })
  }
  const circle = circleOf(row)
  if (near && circle) {
    const text = `the limit of ${kmWords(circle.km)}`
    keys.push({ name: 'near', text, facts: { ...NO_FACTS, near }, areas: [circle] })
  }
  return keys
}

function attributeKey([label, attributes]: readonly [string, readonly Requirement[]]): Key {
  const values = attributes.flatMap(({ operator, values = [] }) =>
    values.map((value) => (operator === 'NotIn' ? '!' : '') + valueWords(label, value)),
  )
  const name = keyWords(label)
  return {
    name,
    text: `${name}=${values.join(',')}`,
    facts: { ...NO_FACTS, attributes },
    values,
    label,
  }
}

/** The located, usable nodes that a single key keeps out, by key. */
function excluded(keys: readonly Key[], { nodes, conditions }: SelectInput): Map<Key, NodeView[]> {
  const found = new Map<Key, NodeView[]>()
  for (const node of nodes.values()) {
    if (!isLocated(node)) continue
    const failing = keys.filter(({ facts }) => factObstacle(facts, node, conditions.inside))
    const [key] = failing
    if (!key || failing.length > 1 || hostEnterObstacle(node, conditions)) continue
    const list = found.get(key)
    if (list) list.push(node)
    else found.set(key, [node])
  }
  return found
}

/** Values that are looked up among the known ones: a list that long is no spelling mistake. */
const SPELT = 8

/** Keys whose values nobody checks at admission, so that they can be misspelt. */
const UNCHECKED: ReadonlySet<string> = new Set(['state', 'city'])

function similarValue({ name, label, values = [] }: Key, nodes: readonly NodeView[]) {
  if (label === undefined || !UNCHECKED.has(name)) return undefined
  const known = new Set(nodes.map(({ labels }) => valueWords(label, labels[label] ?? '')))
  known.delete('')
  const sorted = [...known].sort()
  for (const value of values.slice(0, SPELT)) {
    const similar = nearest(value, sorted)
    if (similar !== undefined) return similar
  }
  return undefined
}

/**
 * The nearest node outside a row's area or circle, if the rest of the row lets one in; otherwise the
 * key that keeps out the most nodes. Undefined: no single key is to blame.
 */
export function nearMiss(
  row: RowFacts,
  input: SelectInput,
  measure: Measure,
): NearMiss | undefined {
  const found = excluded(keysOf(row), input)
  for (const [{ areas }, nodes] of found) {
    const outside = areas && nearestOutside(areas, nodes, measure)
    if (outside) return { kind: 'outside', ...outside }
  }
  const [worst] = [...found].sort(([, a], [, b]) => b.length - a.length)
  if (!worst) return undefined
  const [key, nodes] = worst
  const similar = similarValue(key, nodes)
  return {
    kind: 'key',
    key: key.text,
    name: key.name,
    gained: nodes.length,
    ...(similar !== undefined && { similar }),
  }
}

/** "nearest outside: node-x, Lyon, 12 km"; "without city=Pari 7 nodes would match; ...". */
export function nearMissWords(miss: NearMiss): string {
  if (miss.kind === 'outside') return `nearest outside: ${miss.text}`
  const similar = miss.similar === undefined ? '' : `; nearest known ${miss.name}: ${miss.similar}`
  return `without ${miss.key} ${nodesWords(miss.gained)} would match${similar}`
}
