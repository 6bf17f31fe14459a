import { type AreaUse, belongs } from '../../core/placement/choice/areas-in-use.ts'
import type { NodeView } from '../../core/placement/types.ts'
import type { PlacementCluster } from './cluster.ts'
import { change, type LabelChanges } from './node-labels.ts'

/** What must be written so that exactly the nodes of an area carry its label. */
export function areaChanges(use: AreaUse, cluster: PlacementCluster): LabelChanges {
  const changes: LabelChanges = new Map()
  for (const node of cluster.nodes.views.values()) addChange(changes, use, node, cluster)
  return changes
}

/** The same for all areas in use and one node. */
export function nodeAreaChanges(node: NodeView, cluster: PlacementCluster): LabelChanges {
  const changes: LabelChanges = new Map()
  for (const use of cluster.areaUses.values()) addChange(changes, use, node, cluster)
  return changes
}

function addChange(
  changes: LabelChanges,
  use: AreaUse,
  node: NodeView,
  cluster: PlacementCluster,
): void {
  const wanted = belongs(use, node, cluster.areas.inside)
  if (Object.hasOwn(node.labels, use.label) !== wanted)
    change(changes, node.name, use.label, wanted)
}
