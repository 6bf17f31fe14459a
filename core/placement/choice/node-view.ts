import type { KubeObject } from '../../admission/types.ts'
import { parseCoordinateLabel } from '../../location/label-value.ts'
import { parseQuantity } from '../../quantity.ts'
import { PREFIX } from '../labels.ts'
import type { NodeView, Resources, Taint } from '../types.ts'
import type { VersionedNode } from './node-store.ts'

/** The part of a core/v1 Node that selections read. */
interface NodeObject extends KubeObject {
  readonly spec?: { readonly unschedulable?: boolean; readonly taints?: readonly Taint[] }
  readonly status?: {
    readonly allocatable?: Readonly<Record<string, string>>
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}

/** Projects a Node, as stored by the API server, to what selections need of it (about 1 kB of the 8 kB). */
export function nodeView(object: KubeObject): NodeView {
  const node = object as NodeObject
  const labels = node.metadata.labels ?? {}
  const lat = parseCoordinateLabel(labels[`${PREFIX}lat`] ?? '')
  const lon = parseCoordinateLabel(labels[`${PREFIX}lon`] ?? '')
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready')?.status
  return {
    name: node.metadata.name ?? '',
    labels,
    ready: ready === 'True',
    ...((ready === 'False' || ready === 'Unknown') && { notReady: ready }),
    schedulable: node.spec?.unschedulable !== true,
    taints: (node.spec?.taints ?? []).map(({ key, value, effect }) => ({
      key,
      effect,
      ...(value !== undefined && { value }),
    })),
    allocatable: resources(node.status?.allocatable ?? {}),
    ...(lat !== undefined && lon !== undefined && { place: { lat, lon } }),
  }
}

export function versionedNode(object: KubeObject): VersionedNode {
  return { view: nodeView(object), version: Number(object.metadata.resourceVersion ?? 0) }
}

/** Amounts by name; an amount that cannot be read counts as none. */
function resources(quantities: Readonly<Record<string, string>>): Resources {
  const amounts: Record<string, number> = {}
  for (const [name, text] of Object.entries(quantities)) {
    amounts[name] = parseQuantity(text, name) ?? 0
  }
  return amounts
}
