import type { ReasonCount } from '../report/reasons.ts'
import type { NodeView, Row } from '../types.ts'
import type { Conditions } from './eligible.ts'
import type { Hosts } from './hosts.ts'

/** The nodes by name, in any order; a Map is one. */
export interface Nodes {
  get(name: string): NodeView | undefined
  values(): Iterable<NodeView>
}

export interface SelectInput {
  /** Names the workload among all, e.g. `namespace/kind/name`; with the row's id it seeds the choice. */
  readonly workload: string
  /** The rows of one workload. Only those with a count choose nodes; ids are unique. */
  readonly rows: readonly Row[]
  readonly nodes: Nodes
  /** The nodes that carry the choice label of a row now, by the row's id. */
  readonly current: ReadonlyMap<string, ReadonlySet<string>>
  readonly conditions: Conditions
  /** How many pods of the workload are on a node. */
  readonly podsOn?: ReadonlyMap<string, number>
  /** The same nodes under the same conditions, where a table of them is kept. */
  readonly hosts?: Hosts
}

/** A choice label to write or to take off. */
export interface Change {
  readonly row: string
  readonly node: string
}

export interface Shortfall {
  readonly row: string
  readonly wanted: number
  readonly chosen: number
  /** The other nodes in the row's facts, by what keeps them out; plus areas that cannot be judged. */
  readonly reasons: readonly ReasonCount[]
}

export interface SelectResult {
  /** Names of the chosen nodes by row, sorted. */
  readonly chosen: ReadonlyMap<string, readonly string[]>
  /**
   * Nodes by row that are lost or drained and keep their label, since there is nothing to take their
   * place; not among the chosen. Only rows that have such nodes.
   */
  readonly kept: ReadonlyMap<string, readonly string[]>
  /** To be written first. */
  readonly add: readonly Change[]
  readonly remove: readonly Change[]
  /** Rows with fewer nodes than wanted. */
  readonly short: readonly Shortfall[]
}
