import { areaId } from '../labels.ts'
import type { Area, Requirement } from '../types.ts'
import { circleOf, type RowFacts } from './membership.ts'

/** One key of a row as facts of its own: a node is in the row's facts if it is in those of every key. */
export interface RowKey {
  /** Equal keys, of whatever rows, have equal ids. */
  readonly id: string
  readonly facts: RowFacts
  /** The node label that the key is about. */
  readonly label?: string
  /** Where the key wants the nodes to be. */
  readonly areas?: readonly Area[]
}

const NO_FACTS: RowFacts = { attributes: [], anyOf: [], noneOf: [] }

/** What every row demands, also one without keys: that it is known where a node is. */
export const LOCATED: RowKey = { id: 'located', facts: NO_FACTS }

/** Rows live as long as their workloads, and are looked at again and again. */
const known = new WeakMap<RowFacts, readonly RowKey[]>()

/**
 * The keys of a row, in the order in which factObstacle looks at them. Requirements on one label
 * belong together (`NotIn` goes with `Exists`).
 */
export function rowKeys(row: RowFacts): readonly RowKey[] {
  let keys = known.get(row)
  if (!keys) {
    keys = [...attributeKeys(row), ...nearKeys(row), ...areaKeys(row)]
    known.set(row, keys)
  }
  return keys
}

function attributeKeys({ attributes }: RowFacts): RowKey[] {
  const byLabel = Map.groupBy(attributes, ({ key }: Requirement) => key)
  return [...byLabel].map(([label, own]) => ({
    id: JSON.stringify(own.map(({ key, operator, values }) => [key, operator, values])),
    facts: { ...NO_FACTS, attributes: own },
    label,
  }))
}

function nearKeys({ near }: RowFacts): RowKey[] {
  if (!near) return []
  const facts = { ...NO_FACTS, near }
  const circle = circleOf(facts)
  const id = `near ${near.lat} ${near.lon} ${near.km}`
  return [{ id, facts, ...(circle && { areas: [circle] }) }]
}

function areaKeys({ anyOf, noneOf }: RowFacts): RowKey[] {
  const id = (area: Area) => `${area.kind} ${areaId(area)}`
  const keys: RowKey[] = noneOf.map((area) => {
    return { id: `not in ${id(area)}`, facts: { ...NO_FACTS, noneOf: [area] } }
  })
  if (anyOf.length === 0) return keys
  const facts = { ...NO_FACTS, anyOf }
  return [{ id: `in ${anyOf.map(id).join()}`, facts, areas: anyOf }, ...keys]
}
