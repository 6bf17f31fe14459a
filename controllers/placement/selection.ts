import { frozenInAreas } from '../../core/healing/area.ts'
import { areaUses, belongs } from '../../core/placement/choice/areas-in-use.ts'
import type { Conditions } from '../../core/placement/choice/eligible.ts'
import { Hosts } from '../../core/placement/choice/hosts.ts'
import { selectNodes } from '../../core/placement/choice/select.ts'
import type { SelectInput, SelectResult } from '../../core/placement/choice/select-types.ts'
import type { PlacedWorkload } from '../../core/placement/observed.ts'
import { type Survey, survey } from '../../core/placement/report/survey.ts'
import type { PlacementCluster } from './cluster.ts'
import { change, type LabelChanges } from './node-labels.ts'

export interface SelectionPlan {
  readonly result: SelectResult
  readonly survey: Survey
  readonly conditions: Conditions
  /** The lost nodes that the plan acts upon. */
  readonly lost: ReadonlySet<string>
  /** Lost nodes that are left as they are: too many of the area vanished together. */
  readonly frozen: ReadonlySet<string>
  /** Written first, so that a move never leaves the workload with fewer nodes than it had. */
  readonly add: LabelChanges
  readonly remove: LabelChanges
}

/** Chooses nodes for the counted rows of a workload, as things stand, and says which labels that takes. */
export function planSelection(workload: PlacedWorkload, cluster: PlacementCluster): SelectionPlan {
  const { choices, selection, demand } = workload
  const rows = selection.rows.filter((row) => choices.has(row.id))
  const current = new Map(
    rows.map((row) => [row.id, cluster.nodes.labelled(choices.get(row.id) ?? '')]),
  )
  const { lost, frozen } = lossesFor(workload, cluster)
  const conditions: Conditions = {
    demand,
    inside: cluster.areas.inside,
    lost,
    heldDown: cluster.losses.heldDown(),
    drained: drainedNodes(workload, cluster),
    free: (node) => cluster.room.free(node),
    capped: cluster.nodes.capped,
  }
  const input: SelectInput = {
    workload: `${workload.namespace}/${workload.kind}/${workload.name}`,
    rows,
    nodes: cluster.nodes.facts,
    current,
    podsOn: cluster.choices.podsOn([...choices.values()]),
    conditions,
    hosts: new Hosts(cluster.nodes.facts, conditions),
  }
  const result = selectNodes(input)
  const found = survey({ ...input, rows: selection.rows }, result, cluster.areas)
  return {
    result,
    survey: found,
    conditions,
    lost,
    frozen,
    ...labelChanges(result, workload, cluster),
  }
}

function lossesFor({ selection: { rows } }: PlacedWorkload, cluster: PlacementCluster) {
  const { losses, nodes, areas } = cluster
  const sight = { rows, nodes: nodes.views, inside: areas.inside }
  const { limits } = losses
  const together = frozenInAreas(sight, losses.missing(), limits, performance.now())
  const lost = new Set<string>()
  const frozen = new Set<string>()
  for (const name of losses.lost) (together.has(name) ? frozen : lost).add(name)
  return { lost, frozen }
}

/**
 * Chosen nodes that are cordoned and hold none of the workload's pods any more: no pod can come back to
 * them. Pods of a DaemonSet can, they tolerate a cordon.
 */
function drainedNodes({ kind, choices }: PlacedWorkload, cluster: PlacementCluster): Set<string> {
  const drained = new Set<string>()
  if (kind === 'DaemonSet') return drained
  for (const label of choices.values()) {
    for (const name of cluster.nodes.labelled(label)) {
      const cordoned = cluster.nodes.views.get(name)?.schedulable === false
      if (cordoned && !cluster.choices.hasPods(label, name)) drained.add(name)
    }
  }
  return drained
}

/** A chosen node gets the labels of the areas that it is in together with the choice label. */
function labelChanges(result: SelectResult, workload: PlacedWorkload, cluster: PlacementCluster) {
  const add: LabelChanges = new Map()
  const remove: LabelChanges = new Map()
  const uses = areaUses(workload.selection.rows)
  for (const { row, node } of result.add) {
    change(add, node, workload.choices.get(row) ?? '', true)
    const view = cluster.nodes.views.get(node)
    for (const use of uses) {
      if (view && belongs(use, view, cluster.areas.inside)) change(add, node, use.label, true)
    }
  }
  for (const { row, node } of result.remove) {
    change(remove, node, workload.choices.get(row) ?? '', false)
  }
  return { add, remove }
}
