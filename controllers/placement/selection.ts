import { areaUses, belongs } from '../../core/placement/choice/areas-in-use.ts'
import { DEFAULT_LIMITS } from '../../core/placement/choice/caps.ts'
import { cappedNodes } from '../../core/placement/choice/choices.ts'
import { selectNodes } from '../../core/placement/choice/select.ts'
import type { SelectInput, SelectResult } from '../../core/placement/choice/select-types.ts'
import type { PlacedWorkload } from '../../core/placement/observed.ts'
import { type Survey, survey } from '../../core/placement/report/survey.ts'
import type { PlacementCluster } from './cluster.ts'
import { change, type LabelChanges } from './node-labels.ts'

export interface SelectionPlan {
  readonly result: SelectResult
  readonly survey: Survey
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
  const input: SelectInput = {
    workload: `${workload.namespace}/${workload.kind}/${workload.name}`,
    rows,
    nodes: cluster.nodes.views,
    current,
    podsOn: cluster.choices.podsOn([...choices.values()]),
    conditions: {
      demand,
      inside: cluster.areas.inside,
      free: (node) => cluster.choices.free(node, cluster.usage),
      capped: cappedNodes(cluster.nodes, DEFAULT_LIMITS.labelsPerNode),
    },
  }
  const result = selectNodes(input)
  const found = survey({ ...input, rows: selection.rows }, result, cluster.areas)
  return { result, survey: found, ...labelChanges(result, workload, cluster) }
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
