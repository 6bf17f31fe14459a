import { PREFIX } from '../labels.ts'
import type { NodeView } from '../types.ts'
import type { Slots } from './holders.ts'
import { factObstacle, type Inside, isLocated, type RowFacts } from './membership.ts'
import { type LabelColumn, labelColumn, NodeColumns } from './node-columns.ts'
import { LOCATED, type RowKey, rowKeys } from './row-keys.ts'

/** Verdicts about a node: 0 stands for one that is not known yet. */
export const IN = 1
export const OUT = 2
export const UNLOCATED = 3
/** It takes an area that is not defined. */
export const UNDEFINED = 4

const NOT_YET = 0

/** Keys whose verdicts are remembered, a byte per node each: 5 MB for 5,000 nodes. */
const COLUMNS = 1000

interface Column {
  readonly key: RowKey
  bytes: Uint8Array
}

/**
 * The nodes in numbered slots, with a column of verdicts for each key of the rows that were asked
 * about: one byte per node, made when first asked for and kept until the node or the area changes. A
 * row is then an AND over bytes, where asking 5,000 nodes for their labels costs a millisecond, most
 * of it for fetching the nodes from memory.
 */
export class FactTable implements Slots {
  /** What is asked of the nodes besides. */
  readonly columns = new NodeColumns()
  readonly #inside: Inside
  readonly #slots = new Map<string, number>()
  readonly #nodes: (NodeView | undefined)[] = []
  readonly #unused: number[] = []
  /** By id of the key, the one that was used longest ago first. */
  readonly #columns = new Map<string, Column>()
  readonly #labels = new Map<string, LabelColumn>()
  #unlocated = 0

  constructor(inside: Inside) {
    this.#inside = inside
  }

  static of(nodes: Iterable<NodeView>, inside: Inside): FactTable {
    const table = new FactTable(inside)
    for (const node of nodes) table.set(node)
    return table
  }

  get(name: string): NodeView | undefined {
    const slot = this.#slots.get(name)
    return slot === undefined ? undefined : this.#nodes[slot]
  }

  *values(): IterableIterator<NodeView> {
    for (const node of this.#nodes) if (node) yield node
  }

  /** Slots are numbers below this one. */
  get size(): number {
    return this.#nodes.length
  }

  slot(name: string): number | undefined {
    return this.#slots.get(name)
  }

  node(slot: number): NodeView | undefined {
    return this.#nodes[slot]
  }

  /** The values that nodes have of one of our labels. */
  label(key: string): LabelColumn {
    let column = this.#labels.get(key)
    if (!column) {
      column = labelColumn(key, this.#nodes)
      this.#labels.set(key, column)
    }
    return column
  }

  /** How many nodes no selection can see. */
  get unlocated(): number {
    return this.#unlocated
  }

  set(node: NodeView): void {
    const slot = this.#slots.get(node.name) ?? this.#unused.pop() ?? this.#nodes.length
    const before = this.#nodes[slot]
    this.#slots.set(node.name, slot)
    this.#nodes[slot] = node
    this.columns.set(slot, node)
    if (before && sameFacts(before, node)) return
    this.#count(before, -1)
    this.#count(node, 1)
    this.columns.setFacts(slot, node)
    this.#forget(slot)
  }

  delete(name: string): void {
    const slot = this.#slots.get(name)
    if (slot === undefined) return
    this.#count(this.#nodes[slot], -1)
    this.#slots.delete(name)
    this.#nodes[slot] = undefined
    this.#unused.push(slot)
    this.#forget(slot)
  }

  /** A named area means something else than before, or has come or gone. */
  redefine(name: string): void {
    for (const [id, { key }] of this.#columns) {
      const areas = [...key.facts.anyOf, ...key.facts.noneOf]
      if (areas.some((area) => area.kind === 'named' && area.name === name))
        this.#columns.delete(id)
    }
  }

  /** The verdict of one key about each slot; an unused slot is OUT. */
  column(key: RowKey): Uint8Array {
    const column = this.#columns.get(key.id) ?? { key, bytes: new Uint8Array(0) }
    // Put behind all others.
    this.#columns.delete(key.id)
    this.#columns.set(key.id, column)
    if (this.#columns.size > COLUMNS) this.#evict()
    this.#fill(column)
    return column.bytes
  }

  /** The verdict of factObstacle about each slot: of the first key that does not hold the node. */
  verdicts(row: RowFacts): Uint8Array {
    const [first = LOCATED, ...others] = rowKeys(row)
    const bytes = this.column(first)
    if (others.length === 0) return bytes
    const all = bytes.slice()
    for (const key of others) {
      const more = this.column(key)
      for (let i = 0; i < all.length; i++) if (all[i] === IN) all[i] = more[i] as number
    }
    return all
  }

  #fill(column: Column): void {
    const size = this.#nodes.length
    // Longer than needed, so that a cluster that grows does not copy every column for every node.
    if (column.bytes.length < size || column.bytes.length === 0) {
      const bytes = new Uint8Array(Math.max(64, Math.ceil(size * 1.25)))
      bytes.set(column.bytes)
      column.bytes = bytes
    }
    const { bytes, key } = column
    for (let slot = bytes.indexOf(NOT_YET); slot >= 0; slot = bytes.indexOf(NOT_YET, slot + 1)) {
      const node = this.#nodes[slot]
      bytes[slot] = node ? this.#verdict(key, node) : OUT
    }
  }

  #verdict({ facts }: RowKey, node: NodeView): number {
    const obstacle = factObstacle(facts, node, this.#inside)
    if (!obstacle) return IN
    if (obstacle.reason === 'AreaUnknown') return UNDEFINED
    return obstacle.reason === 'Unlocated' ? UNLOCATED : OUT
  }

  #forget(slot: number): void {
    for (const { bytes } of this.#columns.values()) bytes[slot] = NOT_YET
    this.#labels.clear()
  }

  #count(node: NodeView | undefined, change: number): void {
    if (node && !isLocated(node)) this.#unlocated += change
  }

  #evict(): void {
    for (const id of this.#columns.keys()) {
      this.#columns.delete(id)
      return
    }
  }
}

/** Whether two states of a node are the same to every row: rows ask for its place and our labels. */
export function sameFacts(a: NodeView, b: NodeView): boolean {
  if (a.place?.lat !== b.place?.lat || a.place?.lon !== b.place?.lon) return false
  return includes(a.labels, b.labels) && includes(b.labels, a.labels)
}

type Labels = NodeView['labels']

/** Whether the second has all that facts ask for of the first. */
function includes(all: Labels, other: Labels): boolean {
  for (const key in all) if (key.startsWith(PREFIX) && all[key] !== other[key]) return false
  return true
}
