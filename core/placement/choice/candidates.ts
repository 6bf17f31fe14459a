import { type Obstacle, Tally } from '../report/reasons.ts'
import type { NodeView, Row } from '../types.ts'
import type { Choice, Seats } from './assignment.ts'
import { hostStayObstacle, leavesSlot } from './eligible.ts'
import type { FactTable } from './fact-table.ts'
import { Hosts } from './hosts.ts'
import { factObstacle } from './membership.ts'
import type { Option } from './options.ts'
import type { SelectInput, Shortfall } from './select-types.ts'
import { keep, type Stayer } from './sticky.ts'

const TAKEN: Obstacle = { reason: 'Taken' }

type Seat = Pick<Option, 'free' | 'priority'>

const FREE: Seat = { free: true, priority: 0 }

function optionOf(hosts: Hosts, slot: number, { free, priority }: Seat): Option {
  const point = hosts.table.columns.point(slot)
  const node = hosts.node(slot)
  return point ? { node, slot, free, priority, point } : { node, slot, free, priority }
}

/** Which nodes each row may keep and may have, and why it may not have others. */
export class Candidates implements Choice {
  readonly #input: SelectInput
  readonly #rows: readonly Row[]
  /** Nodes of any of the rows that may remain with the workload. */
  readonly #members = new Map<string, NodeView>()
  #hosts: Hosts | undefined

  constructor(input: SelectInput, rows: readonly Row[]) {
    this.#input = input
    this.#rows = rows
    for (const { id } of rows) {
      for (const name of input.current.get(id) ?? []) {
        const node = input.nodes.get(name)
        if (node && !hostStayObstacle(node, input.conditions)) this.#members.set(name, node)
      }
    }
  }

  /** What every row keeps. */
  sticky(): Seats[] {
    const stayers = this.#rows.map((row) => this.#stayers(row))
    return keep(this.#rows, stayers, this.#input.workload)
  }

  #stayers(row: Row): Stayer[] {
    const { current, podsOn } = this.#input
    const stayers: Stayer[] = []
    for (const name of current.get(row.id) ?? []) {
      const node = this.#members.get(name)
      if (node && this.#inFacts(row, node)) {
        stayers.push({ node, busy: (podsOn?.get(name) ?? 0) > 0 })
      }
    }
    return stayers
  }

  /**
   * Lost and drained nodes that keep their label because nothing takes their place: as many as are
   * missing, those with pods first.
   */
  slotsKept({ row, held, wanted }: Seats): string[] {
    if (held.size >= wanted) return []
    const { current, nodes, conditions, podsOn } = this.#input
    const waits = (name: string) => {
      const node = nodes.get(name)
      if (!node || held.has(name) || !this.#inFacts(row, node)) return false
      const obstacle = hostStayObstacle(node, conditions)
      return obstacle !== undefined && leavesSlot(obstacle)
    }
    const pods = (name: string) => Number((podsOn?.get(name) ?? 0) > 0)
    return [...(current.get(row.id) ?? [])]
      .filter(waits)
      .sort((a, b) => pods(b) - pods(a) || (a < b ? -1 : 1))
      .slice(0, wanted - held.size)
      .sort()
  }

  #inFacts(row: Row, node: NodeView): boolean {
    return factObstacle(row, node, this.#input.conditions.inside) === undefined
  }

  /** Made when first asked for: a settled selection looks at its own nodes only. */
  get #all(): Hosts {
    this.#hosts ??= Hosts.of(this.#input)
    return this.#hosts
  }

  slots(): FactTable {
    return this.#all.table
  }

  /** What a row could have. */
  options({ row }: Seats): Option[] {
    const hosts = this.#all
    const options: Option[] = []
    for (const slot of hosts.members(row)) {
      const node = hosts.node(slot)
      const obstacle = hosts.obstacle(slot)
      const member = this.#members.has(node.name)
      if (!member && obstacle) continue
      const seat = member ? this.#memberSeat(row, node, obstacle) : FREE
      options.push(optionOf(hosts, slot, seat))
    }
    return options
  }

  /** A node that its row gave up: free for others if it could enter, or if its own pods fill it. */
  #memberSeat(row: Row, node: NodeView, obstacle: Obstacle | undefined): Seat {
    const { current, podsOn } = this.#input
    const own = current.get(row.id)?.has(node.name) ?? false
    const full = obstacle?.reason === 'NoRoom' || obstacle?.reason === 'LabelCap'
    const busy = (podsOn?.get(node.name) ?? 0) > 0
    const free = own || !obstacle || (full && busy)
    return { free, priority: own ? 2 : busy ? 1 : 0 }
  }

  /** What a row misses and why: nothing or one entry. */
  shortfall({ row, held, wanted }: Seats, all: readonly Seats[]): Shortfall[] {
    if (held.size >= wanted) return []
    const hosts = this.#all
    const tally = new Tally()
    const taken = new Set(all.flatMap((other) => [...other.held.keys()]))
    for (const slot of hosts.members(row)) {
      const { name } = hosts.node(slot)
      if (held.has(name)) continue
      const obstacle = taken.has(name) ? TAKEN : hosts.obstacle(slot)
      if (obstacle) tally.add(obstacle)
    }
    for (const obstacle of hosts.unjudged(row)) tally.add(obstacle)
    return [{ row: row.id, wanted, chosen: held.size, reasons: tally.counts() }]
  }
}
