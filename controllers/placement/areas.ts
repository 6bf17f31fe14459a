import { type AreaUse, belongs } from '../../core/placement/choice/areas-in-use.ts'
import { MOST_LABELS } from '../../core/placement/choice/caps.ts'
import type { NodeView } from '../../core/placement/types.ts'
import type { PlacementCluster } from './cluster.ts'
import { change, type LabelChanges, type NodeLabels } from './node-labels.ts'

/** Where nodes are, and what they carry or are about to carry. */
export interface Sight {
  readonly cluster: PlacementCluster
  readonly labels: Pick<NodeLabels, 'expects'>
}

/** What must be written so that exactly the nodes of an area carry its label. */
export function areaChanges(use: AreaUse, sight: Sight): LabelChanges {
  const changes: LabelChanges = new Map()
  for (const node of sight.cluster.nodes.views.values()) addChange(changes, use, node, sight)
  return changes
}

/** The same for all areas in use and one node. */
export function nodeAreaChanges(node: NodeView, sight: Sight): LabelChanges {
  const changes: LabelChanges = new Map()
  for (const use of sight.cluster.areaUses.values()) addChange(changes, use, node, sight)
  return changes
}

function addChange(
  changes: LabelChanges,
  use: AreaUse,
  node: NodeView,
  { cluster, labels }: Sight,
): void {
  const wanted = belongs(use, node, cluster.areas.inside)
  if (labels.expects(node, use.label) === wanted) return
  // A node that is full stays out of further areas: a pod then waits, which is safe.
  const carried = cluster.nodes.labelCount(node.name) + (changes.get(node.name)?.size ?? 0)
  if (!wanted || carried < MOST_LABELS) change(changes, node.name, use.label, wanted)
}
