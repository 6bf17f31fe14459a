/** What tests of healing share: nodes of many countries, and what can be seen of a heal. */
import type { V1Pod } from '@kubernetes/client-node'
import type { KubeObject } from '../../core/admission/types.ts'
import { LOST_TAINT } from '../../core/healing/loss.ts'
import { pathTo } from '../../platform/kube/paths.ts'
import type { EdgenetHandle } from '../testbed/edgenet.ts'
import type { AuditEvent, AuditPosition, NodeRow, Testbed } from '../testbed/index.ts'

/** Middle of each country, roughly. */
const COUNTRIES = {
  FR: [47, 2],
  DE: [51, 10],
  ES: [40, -4],
  IT: [43, 12],
  GB: [53, -1],
  PL: [52, 19],
  US: [40, -98],
  CA: [56, -106],
  BR: [-10, -52],
  JP: [36, 138],
  KR: [36, 128],
} as const
export type Country = keyof typeof COUNTRIES

/** `count` nodes of a country: fr-1, fr-2 … */
export function nodesIn(country: Country, count: number): NodeRow[] {
  const [lat, lon] = COUNTRIES[country]
  return Array.from({ length: count }, (_, i) => ({
    name: `${country.toLowerCase()}-${i + 1}`,
    country,
    lat: lat + i / 4,
    lon: lon + i / 4,
  }))
}

interface NodeObject extends KubeObject {
  readonly spec?: { readonly taints?: readonly { readonly key: string }[] }
}

/** Names of the nodes that carry our taint, sorted. */
export async function lostNodes(bed: Testbed): Promise<string[]> {
  const nodes = await bed.admin.listAll<NodeObject>(pathTo('nodes'))
  return nodes
    .filter(({ spec }) => spec?.taints?.some(({ key }) => key === LOST_TAINT))
    .map(({ metadata }) => metadata.name ?? '')
    .sort()
}

/** All pods by uid. */
export async function podsByUid(bed: Testbed): Promise<Map<string, V1Pod>> {
  const pods = await bed.admin.listAll<V1Pod>(pathTo('pods'))
  return new Map(pods.map((pod) => [pod.metadata?.uid ?? '', pod]))
}

/** Names of pods that were there, not on the given nodes, and are there no more. */
export function restarted(
  before: ReadonlyMap<string, V1Pod>,
  after: ReadonlyMap<string, V1Pod>,
  except: readonly string[],
): string[] {
  return [...before]
    .filter(([, { metadata }]) => metadata?.deletionTimestamp === undefined)
    .filter(([, { spec }]) => !except.includes(spec?.nodeName ?? ''))
    .filter(([uid]) => after.get(uid)?.metadata?.deletionTimestamp !== undefined || !after.has(uid))
    .map(([, { metadata }]) => metadata?.name ?? '')
}

/** What the controllers wrote on nodes: one PATCH each, by name of the node. */
export function nodeWrites(bed: Testbed, since: AuditPosition): Map<string, number> {
  const writes = new Map<string, number>()
  for (const event of bed.audit.since(since)) {
    if (isNodeWrite(event)) writes.set(event.name, (writes.get(event.name) ?? 0) + 1)
  }
  return writes
}

const isNodeWrite = ({ user, verb, resource, subresource }: AuditEvent): boolean =>
  user.endsWith(':edgenet-controllers') &&
  verb === 'patch' &&
  resource === 'nodes' &&
  subresource === ''

/** Value of a metric of the controllers without labels; undefined while they do not answer. */
export async function metric(edgenet: EdgenetHandle, name: string): Promise<number | undefined> {
  const text = await fetch(`${edgenet.urls.controllersOps}/metrics`).then((answer) => answer.text())
  const line = text.split('\n').find((each) => each.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.split(' ')[1])
}
