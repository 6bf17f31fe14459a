import { hostEnterObstacle } from '../choice/eligible.ts'
import { COUNTRY_LABEL, factObstacle, type Inside, isLocated } from '../choice/membership.ts'
import type { SelectInput, SelectResult } from '../choice/select-types.ts'
import type { NodeView, Row } from '../types.ts'
import { type NearMiss, nearMiss } from './near-miss.ts'
import type { Measure } from './nearest-outside.ts'
import { type Obstacle, type ReasonCount, Tally } from './reasons.ts'

/** How many nodes, how many of them are ready, and how many there are by country (ISO code). */
export interface Matching {
  readonly total: number
  readonly ready: number
  readonly countries: ReadonlyMap<string, number>
}

/** What there is for one row. */
export interface RowSurvey {
  readonly row: Row
  /** Nodes in the row's facts, in a pool of the tenant, and as the workload's own selector wants them. */
  readonly matching: Matching
  /** Counted rows: how many are chosen. */
  readonly chosen?: number
  /** Why nodes in the facts do not serve: of a counted row that is short, or of one without count. */
  readonly reasons: readonly ReasonCount[]
  /** Only where nodes are missing. */
  readonly nearMiss?: NearMiss
}

/** What there is for a workload: the numbers behind every text of explain.ts. */
export interface Survey {
  readonly rows: readonly RowSurvey[]
  /** Of distinct nodes over all rows. */
  readonly matching: Matching
  /** Nodes that no selection can see. */
  readonly unlocated: number
  /** What one pod asks for, for the words of NoRoom. */
  readonly requests: Readonly<Record<string, number>>
}

/** Near misses are looked for in this many rows; nobody reads more, and each is a pass over all nodes. */
const NEAR_MISSES = 3

class Count implements Matching {
  total = 0
  ready = 0
  readonly countries = new Map<string, number>()

  add({ labels, ready }: NodeView): void {
    const country = labels[COUNTRY_LABEL] ?? ''
    this.total++
    if (ready) this.ready++
    this.countries.set(country, (this.countries.get(country) ?? 0) + 1)
  }
}

/** What is counted for one row on the way through the nodes. */
class RowCount {
  readonly row: Row
  readonly matching = new Count()
  readonly tally = new Tally()

  constructor(row: Row) {
    this.row = row
  }

  /** Whether the node is in the row's facts. */
  holds(node: NodeView, inside: Inside): boolean {
    const fact = factObstacle(this.row, node, inside)
    if (fact?.reason === 'AreaUnknown') this.tally.add(fact)
    return fact === undefined
  }

  /** Counts a node in the row's facts; `pods` of the workload are on it. */
  add(node: NodeView, obstacle: Obstacle | undefined, pods: number): void {
    if (permitted(obstacle)) this.matching.add(node)
    if (obstacle && hinders(obstacle, pods)) this.tally.add(obstacle)
  }
}

/** Not to be in the way of a row without count, which needs no label and whose pods fill its nodes. */
function hinders(obstacle: Obstacle, pods: number): boolean {
  return obstacle.reason !== 'LabelCap' && !(obstacle.reason === 'NoRoom' && pods > 0)
}

/** Whether a node counts as matching: an obstacle that may pass does not matter. */
function permitted(obstacle: Obstacle | undefined): boolean {
  return obstacle?.reason !== 'OtherPool' && obstacle?.reason !== 'OwnSelector'
}

/** Counts what matches now, row by row, and finds out what is missing. */
export function survey(input: SelectInput, result: SelectResult, measure: Measure): Survey {
  const { conditions, nodes, podsOn } = input
  const counts = input.rows.map((row) => new RowCount(row))
  const all = new Count()
  let unlocated = 0
  for (const node of nodes.values()) {
    if (!isLocated(node)) unlocated++
    const rows = counts.filter((count) => count.holds(node, conditions.inside))
    if (rows.length === 0) continue
    const obstacle = hostEnterObstacle(node, conditions)
    if (permitted(obstacle)) all.add(node)
    for (const row of rows) row.add(node, obstacle, podsOn?.get(node.name) ?? 0)
  }
  const rows = counts.map((count) => rowSurvey(count, result))
  return {
    rows: withNearMisses(rows, input, measure),
    matching: all,
    unlocated,
    requests: conditions.demand.requests,
  }
}

function rowSurvey({ row, matching, tally }: RowCount, result: SelectResult): RowSurvey {
  if (row.nodes === undefined) return { row, matching, reasons: tally.counts() }
  const short = result.short.find((shortfall) => shortfall.row === row.id)
  const chosen = result.chosen.get(row.id)?.length ?? 0
  return { row, matching, chosen, reasons: short?.reasons ?? [] }
}

/** Whether a row has fewer nodes than it needs: than its count, or none at all. */
export function isShort({ row, matching, chosen = 0 }: RowSurvey): boolean {
  return row.nodes === undefined ? matching.total === 0 : chosen < row.nodes
}

function withNearMisses(
  rows: readonly RowSurvey[],
  input: SelectInput,
  measure: Measure,
): RowSurvey[] {
  let left = NEAR_MISSES
  return rows.map((surveyed) => {
    if (!isShort(surveyed) || left-- <= 0) return surveyed
    const miss = nearMiss(surveyed.row, input, measure)
    return miss ? { ...surveyed, nearMiss: miss } : surveyed
  })
}
