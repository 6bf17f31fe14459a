import { factObstacle, type Inside } from '../placement/choice/membership.ts'
import type { NodeView, Row } from '../placement/types.ts'
import { frozenAmong, isMassOfArea, type MassLimits, type Missing } from './guards.ts'

export interface AreaSight {
  readonly rows: readonly Row[]
  readonly nodes: ReadonlyMap<string, NodeView>
  readonly inside: Inside
}

/**
 * The nodes that vanished together with more than a third of the area that a row asks for. Costs a
 * pass over all nodes only where three or more of the missing are in the area.
 */
export function frozenInAreas(
  { rows, nodes, inside }: AreaSight,
  missing: readonly Missing[],
  limits: MassLimits,
  nowMs: number,
): Set<string> {
  const frozen = new Set<string>()
  if (!isMassOfArea(missing.length, 0)) return frozen
  for (const row of rows) {
    const isMember = (node: NodeView | undefined) =>
      node !== undefined && factObstacle(row, node, inside) === undefined
    const here = missing.filter(({ name }) => isMember(nodes.get(name)))
    if (!isMassOfArea(here.length, 0)) continue
    let total = 0
    for (const node of nodes.values()) if (isMember(node)) total++
    const isMass = (count: number) => isMassOfArea(count, total)
    for (const name of frozenAmong(here, isMass, limits, nowMs)) frozen.add(name)
  }
  return frozen
}
