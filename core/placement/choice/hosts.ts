import type { Obstacle } from '../report/reasons.ts'
import type { NodeView } from '../types.ts'
import { type Conditions, hostEnterObstacle } from './eligible.ts'
import { FactTable, IN, UNDEFINED } from './fact-table.ts'
import { factObstacle, type RowFacts } from './membership.ts'

interface Sight {
  readonly nodes: { values(): Iterable<NodeView> }
  readonly conditions: Conditions
  readonly hosts?: Hosts
}

/**
 * The nodes as one workload finds them at one moment: choosing, counting and explaining ask the same
 * questions about the same nodes, which are answered once. Nodes are meant by their slots.
 */
export class Hosts {
  readonly table: FactTable
  readonly #conditions: Conditions
  readonly #members = new Map<RowFacts, Uint32Array>()
  readonly #obstacles: (Obstacle | null | undefined)[]

  constructor(table: FactTable, conditions: Conditions) {
    this.table = table
    this.#conditions = conditions
    this.#obstacles = new Array(table.size)
  }

  /** Those that are given, or made for once. */
  static of({ hosts, nodes, conditions }: Sight): Hosts {
    return hosts ?? new Hosts(FactTable.of(nodes.values(), conditions.inside), conditions)
  }

  node(slot: number): NodeView {
    const node = this.table.node(slot)
    if (!node) throw new Error(`no node in slot ${slot}`)
    return node
  }

  /** The nodes in a row's facts. */
  members(row: RowFacts): Uint32Array {
    let members = this.#members.get(row)
    if (!members) {
      members = slotsOf(this.table.verdicts(row), IN)
      this.#members.set(row, members)
    }
    return members
  }

  /** Why a node can take no pod of the workload; see hostEnterObstacle. */
  obstacle(slot: number): Obstacle | undefined {
    let obstacle = this.#obstacles[slot]
    if (obstacle === undefined) {
      obstacle = hostEnterObstacle(this.node(slot), this.#conditions) ?? null
      this.#obstacles[slot] = obstacle
    }
    return obstacle ?? undefined
  }

  /** For each node that cannot be judged because an area is not defined: AreaUnknown. */
  unjudged(row: RowFacts): Obstacle[] {
    const slots = slotsOf(this.table.verdicts(row), UNDEFINED)
    return Array.from(slots, (slot) => {
      return factObstacle(row, this.node(slot), this.#conditions.inside)
    }).filter((obstacle) => obstacle !== undefined)
  }
}

function slotsOf(verdicts: Uint8Array, verdict: number): Uint32Array {
  const slots = new Uint32Array(verdicts.length)
  let count = 0
  for (let slot = 0; slot < verdicts.length; slot++) {
    if (verdicts[slot] === verdict) slots[count++] = slot
  }
  return slots.subarray(0, count)
}
