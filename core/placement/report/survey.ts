import { Hosts } from '../choice/hosts.ts'
import type { NodeColumns } from '../choice/node-columns.ts'
import type { SelectInput, SelectResult } from '../choice/select-types.ts'
import type { Row } from '../types.ts'
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

class Count {
  readonly #columns: NodeColumns
  #total = 0
  #ready = 0
  /** By number of the country. */
  readonly #countries: number[] = []

  constructor(columns: NodeColumns) {
    this.#columns = columns
  }

  add(slot: number): void {
    const country = this.#columns.country(slot)
    this.#total++
    if (this.#columns.isReady(slot)) this.#ready++
    this.#countries[country] = (this.#countries[country] ?? 0) + 1
  }

  matching(): Matching {
    const names = this.#columns.countryNames
    const countries = this.#countries.map((count, i) => [names[i] ?? '', count] as const)
    // The array has holes where no node was met.
    return { total: this.#total, ready: this.#ready, countries: new Map(countries.filter(Boolean)) }
  }
}

/** What is counted for one row. */
class RowCount {
  readonly row: Row
  readonly count: Count
  readonly tally = new Tally()

  constructor(row: Row, columns: NodeColumns) {
    this.row = row
    this.count = new Count(columns)
  }

  /** `permittedBefore`: the nodes (by slot) that rows before this one matched; `all` counts each once. */
  look(hosts: Hosts, { podsOn }: SelectInput, all: Count, permittedBefore: Uint8Array): void {
    for (const slot of hosts.members(this.row)) {
      const obstacle = hosts.obstacle(slot)
      if (permitted(obstacle)) {
        this.count.add(slot)
        if (!permittedBefore[slot]) all.add(slot)
        permittedBefore[slot] = 1
      }
      const pods = obstacle && podsOn?.get(hosts.node(slot).name)
      if (obstacle && hinders(obstacle, pods ?? 0)) this.tally.add(obstacle)
    }
    for (const obstacle of hosts.unjudged(this.row)) this.tally.add(obstacle)
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
  const hosts = Hosts.of(input)
  const { columns } = hosts.table
  const counts = input.rows.map((row) => new RowCount(row, columns))
  const all = new Count(columns)
  const permittedBefore = new Uint8Array(hosts.table.size)
  for (const count of counts) count.look(hosts, input, all, permittedBefore)
  const rows = counts.map((count) => rowSurvey(count, result))
  return {
    rows: withNearMisses(rows, hosts, measure),
    matching: all.matching(),
    unlocated: hosts.table.unlocated,
    requests: input.conditions.demand.requests,
  }
}

function rowSurvey({ row, count, tally }: RowCount, result: SelectResult): RowSurvey {
  const matching = count.matching()
  if (row.nodes === undefined) return { row, matching, reasons: tally.counts() }
  const short = result.short.find((shortfall) => shortfall.row === row.id)
  const chosen = result.chosen.get(row.id)?.length ?? 0
  return { row, matching, chosen, reasons: short?.reasons ?? [] }
}

/** Whether a row has fewer nodes than it needs: than its count, or none at all. */
export function isShort({ row, matching, chosen = 0 }: RowSurvey): boolean {
  return row.nodes === undefined ? matching.total === 0 : chosen < row.nodes
}

function withNearMisses(rows: readonly RowSurvey[], hosts: Hosts, measure: Measure): RowSurvey[] {
  let left = NEAR_MISSES
  return rows.map((surveyed) => {
    if (!isShort(surveyed) || left-- <= 0) return surveyed
    const miss = nearMiss(surveyed.row, hosts, measure)
    return miss ? { ...surveyed, nearMiss: miss } : surveyed
  })
}
