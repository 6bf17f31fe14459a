import type { KubeObject } from '../../admission/types.ts'
import { areaUses } from '../choice/areas-in-use.ts'
import type { Usage } from '../choice/caps.ts'
import { areaId, hash80 } from '../labels.ts'
import type { Selection } from '../types.ts'

/** What a selection uses of the limited. */
export function selectionUsage({ rows }: Selection): Usage {
  return {
    rows: rows.filter((row) => row.nodes !== undefined).length,
    areas: new Set(areaUses(rows).map(({ area }) => areaId(area))),
  }
}

/** The same, as `spec` of a Placement records it. */
export function reportedUsage(selection: Selection) {
  const { rows, areas } = selectionUsage(selection)
  return { countedRows: rows, areas: [...areas].sort() }
}

/** What a stored Placement says that its workload uses of the limited. */
export function reportUsage(object: KubeObject): Usage {
  const spec = (object['spec'] ?? {}) as { countedRows?: number; areas?: readonly string[] }
  return { rows: spec.countedRows ?? 0, areas: new Set(spec.areas ?? []) }
}

/** Names of objects are at most 253 characters; a longer one is kept apart by a hash. */
const MAX_NAME = 253

/** Name of the Placement of a workload: `<kind>-<name>`. */
export function reportName(kind: string, name: string): string {
  const full = `${kind.toLowerCase()}-${name}`
  if (full.length <= MAX_NAME) return full
  const head = full.slice(0, MAX_NAME - 21).replace(/[-.]+$/, '')
  return `${head}-${hash80(full)}`
}
