import { type Obstacle, Tally } from '../report/reasons.ts'
import type { NodeView, Row } from '../types.ts'
import type { Seats } from './assignment.ts'
import { hostEnterObstacle, hostStayObstacle, leavesSlot } from './eligible.ts'
import { factObstacle } from './membership.ts'
import type { Option } from './options.ts'
import type { SelectInput, Shortfall } from './select-types.ts'
import { keep, type Stayer } from './sticky.ts'

const TAKEN: Obstacle = { reason: 'Taken' }

const freeOption = (node: NodeView): Option => ({ node, free: true, priority: 0 })

/** Which nodes each row may keep and may have, and why it may not have others. */
export class Candidates {
  readonly #input: SelectInput
  readonly #rows: readonly Row[]
  /** Nodes of any of the rows that may remain with the workload. */
  readonly #members = new Map<string, NodeView>()
  readonly #enter = new Map<string, Obstacle | undefined>()

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

  #enterObstacle(node: NodeView): Obstacle | undefined {
    if (!this.#enter.has(node.name)) {
      this.#enter.set(node.name, hostEnterObstacle(node, this.#input.conditions))
    }
    return this.#enter.get(node.name)
  }

  /** What a row could have. */
  options({ row }: Seats): Option[] {
    const options: Option[] = []
    for (const node of this.#input.nodes.values()) {
      if (!this.#inFacts(row, node)) continue
      const obstacle = this.#enterObstacle(node)
      const member = this.#members.has(node.name)
      if (!member && obstacle) continue
      options.push(member ? this.#memberOption(row, node, obstacle) : freeOption(node))
    }
    return options
  }

  /** A node that its row gave up: free for others if it could enter, or if its own pods fill it. */
  #memberOption(row: Row, node: NodeView, obstacle: Obstacle | undefined): Option {
    const { current, podsOn } = this.#input
    const own = current.get(row.id)?.has(node.name) ?? false
    const full = obstacle?.reason === 'NoRoom' || obstacle?.reason === 'LabelCap'
    const busy = (podsOn?.get(node.name) ?? 0) > 0
    const free = own || !obstacle || (full && busy)
    return { node, free, priority: own ? 2 : busy ? 1 : 0 }
  }

  /** What a row misses and why: nothing or one entry. */
  shortfall({ row, held, wanted }: Seats, all: readonly Seats[]): Shortfall[] {
    if (held.size >= wanted) return []
    const tally = new Tally()
    const { nodes, conditions } = this.#input
    const taken = new Set(all.flatMap((other) => [...other.held.keys()]))
    for (const node of nodes.values()) {
      if (held.has(node.name)) continue
      const fact = factObstacle(row, node, conditions.inside)
      const obstacle = fact ?? (taken.has(node.name) ? TAKEN : this.#enterObstacle(node))
      if (obstacle && obstacle.reason !== 'Outside' && obstacle.reason !== 'Unlocated') {
        tally.add(obstacle)
      }
    }
    return [{ row: row.id, wanted, chosen: held.size, reasons: tally.counts() }]
  }
}
