import { Hosts } from '../core/placement/choice/hosts.ts'
import { selectNodes } from '../core/placement/choice/select.ts'
import type { SelectInput } from '../core/placement/choice/select-types.ts'
import { warnings } from '../core/placement/report/explain.ts'
import { survey } from '../core/placement/report/survey.ts'
import type { PodDemand, Selection } from '../core/placement/types.ts'
import type { View } from './view.ts'

export interface Previewed {
  /** `<namespace>/<kind>/<name>`: the choice depends on it, so the preview is what will happen. */
  readonly workload: string
  readonly selection: Selection
  readonly demand: PodDemand
  /** Nodes that are chosen now, by the row's id. */
  readonly current: ReadonlyMap<string, ReadonlySet<string>>
  readonly replicas?: number
}

/**
 * What an apply is answered: how many nodes match now and where, and what is missing. Advice, not
 * promise: the room that pods take is known to the placement controller alone.
 */
export function preview(
  { workload, selection, demand, current, replicas }: Previewed,
  view: View,
): string[] {
  const { nodes, areas } = view
  const conditions = { demand, inside: areas.inside, capped: nodes.capped }
  const input: SelectInput = {
    workload,
    rows: selection.rows,
    nodes: nodes.facts,
    current,
    conditions,
    hosts: new Hosts(nodes.facts, conditions),
  }
  const found = survey(input, selectNodes(input), areas)
  const advice = warnings(found, {
    spread: selection.spread,
    ...(replicas !== undefined && { replicas }),
  })
  return [...(selection.warnings ?? []), ...advice]
}
