import { PREFIX } from '../labels.ts'
import type { Obstacle } from '../report/reasons.ts'
import type { NodeView, PodDemand, Resources } from '../types.ts'
import { matchesAffinity, matchesNodeSelector, untoleratedTaint } from './match.ts'
import { factObstacle, type Inside, type RowFacts } from './membership.ts'

export const POOL_LABEL = `${PREFIX}pool`

/** The pool of a node that says nothing else. */
export const DEFAULT_POOL = 'shared'

/** What decides about a node besides the row: the workload's demands and the state of the cluster. */
export interface Conditions {
  readonly demand: PodDemand
  readonly inside: Inside
  /** Pools that the tenant may use; undefined: no tenant, any pool. */
  readonly pools?: ReadonlySet<string>
  /** Nodes that healing has declared lost. */
  readonly lost?: ReadonlySet<string>
  /** Nodes that were lost and came back a moment ago: not chosen anew. */
  readonly heldDown?: ReadonlySet<string>
  /** Chosen nodes that are cordoned and have no pod of the workload left. */
  readonly drained?: ReadonlySet<string>
  /** What is left on a node (allocatable minus used; `pods` counts pods). Without it: all of its allocatable. */
  readonly free?: (node: NodeView) => Resources
  /** Nodes that carry as many labels of ours as they may (caps.ts). */
  readonly capped?: ReadonlySet<string>
}

function poolObstacle(node: NodeView, { pools }: Conditions): Obstacle | undefined {
  if (!pools) return undefined
  const pool = Object.hasOwn(node.labels, POOL_LABEL) ? node.labels[POOL_LABEL] : DEFAULT_POOL
  return pools.has(pool ?? DEFAULT_POOL) ? undefined : { reason: 'OtherPool' }
}

function matchesOwn(node: NodeView, { nodeName, nodeSelector, affinity }: PodDemand): boolean {
  return (
    (nodeName === undefined || nodeName === node.name) &&
    matchesNodeSelector(node.labels, nodeSelector) &&
    matchesAffinity(node, affinity)
  )
}

/** The first resource of which too little is left for one more pod; undefined: there is room. */
function shortResource(requests: Resources, free: Resources): string | undefined {
  const has = (name: string, amount: number) =>
    Object.hasOwn(free, name) && (free[name] as number) >= amount
  if (!has('pods', 1)) return 'pods'
  for (const name of Object.keys(requests)) {
    const amount = requests[name] as number
    // As the scheduler: what is not asked for need not exist. NaN is asked for and never there.
    if (name !== 'pods' && amount !== 0 && !has(name, amount)) return name
  }
  return undefined
}

function usableObstacle(node: NodeView, conditions: Conditions): Obstacle | undefined {
  const { demand, free } = conditions
  if (!node.ready) return { reason: 'NotReady' }
  // Before taints, since a cordon is also a taint, and says more.
  if (!node.schedulable) return { reason: 'Cordoned' }
  const taint = untoleratedTaint(node.taints, demand.tolerations)
  if (taint) return { reason: 'Tainted', detail: taint.key }
  const short = shortResource(demand.requests, free ? free(node) : node.allocatable)
  if (short !== undefined) return { reason: 'NoRoom', detail: short }
  return conditions.capped?.has(node.name) ? { reason: 'LabelCap' } : undefined
}

function lostObstacle(node: NodeView, { lost }: Conditions): Obstacle | undefined {
  return lost?.has(node.name) ? { reason: 'Lost' } : undefined
}

/** Obstacles that keep a node out, but do not take its slot away before another node has it. */
export const leavesSlot = ({ reason }: Obstacle): boolean =>
  reason === 'Lost' || reason === 'Cordoned'

/** The part of stayObstacle that is the same for every row of a workload. */
export function hostStayObstacle(node: NodeView, conditions: Conditions): Obstacle | undefined {
  const other = poolObstacle(node, conditions)
  if (other) return other
  // A selector that was edited: the pods to come could not run here, and would wait for ever.
  if (!matchesOwn(node, conditions.demand)) return { reason: 'OwnSelector' }
  const lost = lostObstacle(node, conditions)
  if (lost) return lost
  return conditions.drained?.has(node.name) ? { reason: 'Cordoned' } : undefined
}

/** The part of enterObstacle that is the same for every row of a workload. */
export function hostEnterObstacle(node: NodeView, conditions: Conditions): Obstacle | undefined {
  const other = poolObstacle(node, conditions)
  if (other) return other
  if (!matchesOwn(node, conditions.demand)) return { reason: 'OwnSelector' }
  const lost = lostObstacle(node, conditions)
  if (lost) return lost
  if (conditions.heldDown?.has(node.name)) return { reason: 'HeldDown' }
  return usableObstacle(node, conditions)
}

/** Why a node cannot be chosen anew for a row: the first obstacle; undefined: it can. */
export function enterObstacle(
  row: RowFacts,
  node: NodeView,
  conditions: Conditions,
): Obstacle | undefined {
  return factObstacle(row, node, conditions.inside) ?? hostEnterObstacle(node, conditions)
}

/**
 * Why a node that is chosen cannot remain so; undefined: it can. A chosen node is full of the pods
 * that it was chosen for, and cordons and blinks of readiness pass, so none of those count.
 */
export function stayObstacle(
  row: RowFacts,
  node: NodeView,
  conditions: Conditions,
): Obstacle | undefined {
  return factObstacle(row, node, conditions.inside) ?? hostStayObstacle(node, conditions)
}
