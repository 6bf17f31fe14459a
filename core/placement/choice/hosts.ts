import type { Obstacle } from '../report/reasons.ts'
import type { NodeView } from '../types.ts'
import { type Conditions, hostEnterObstacle } from './eligible.ts'
import { FactTable, IN, UNDEFINED } from './fact-table.ts'
import { factObstacle, type RowFacts } from './membership.ts'
import type { PlainRequests } from './node-columns.ts'

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
  readonly #plain: PlainRequests | undefined
  /** Nodes (names) of which the columns do not tell all. */
  readonly #special: readonly ReadonlySet<string>[]

  constructor(table: FactTable, conditions: Conditions) {
    this.table = table
    this.#conditions = conditions
    this.#obstacles = new Array(table.size)
    this.#plain = plainRequests(conditions)
    const { lost, heldDown, capped } = conditions
    this.#special = [lost, heldDown, capped].flatMap((names) => (names?.size ? [names] : []))
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
    if (this.#isPlain(slot)) return undefined
    let obstacle = this.#obstacles[slot]
    if (obstacle === undefined) {
      obstacle = hostEnterObstacle(this.node(slot), this.#conditions) ?? null
      this.#obstacles[slot] = obstacle
    }
    return obstacle ?? undefined
  }

  /** Whether the columns tell that nothing is in the way. */
  #isPlain(slot: number): boolean {
    if (!this.#plain || !this.table.columns.takes(slot, this.#plain)) return false
    if (this.#special.length === 0) return true
    const { name } = this.node(slot)
    return !this.#special.some((names) => names.has(name))
  }

  /** For each node that cannot be judged because an area is not defined: AreaUnknown. */
  unjudged(row: RowFacts): Obstacle[] {
    const slots = slotsOf(this.table.verdicts(row), UNDEFINED)
    return Array.from(slots, (slot) => {
      return factObstacle(row, this.node(slot), this.#conditions.inside)
    }).filter((obstacle) => obstacle !== undefined)
  }
}

/** What is asked for, if it is nothing but room on an empty node; undefined: more. */
function plainRequests({ demand, pools, free }: Conditions): PlainRequests | undefined {
  const { requests, nodeSelector, affinity, nodeName } = demand
  if (pools || free || affinity || nodeName !== undefined) return undefined
  if (Object.keys(nodeSelector).length > 0) return undefined
  const { cpu = 0, memory = 0, ...others } = requests
  return Object.keys(others).length === 0 ? { cpu, memory } : undefined
}

function slotsOf(verdicts: Uint8Array, verdict: number): Uint32Array {
  const slots = new Uint32Array(verdicts.length)
  let count = 0
  for (let slot = 0; slot < verdicts.length; slot++) {
    if (verdicts[slot] === verdict) slots[count++] = slot
  }
  return slots.subarray(0, count)
}
