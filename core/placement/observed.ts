import type { KubeObject } from '../admission/types.ts'
import { isChoiceLabel } from './choice/choices.ts'
import type { PodUsage } from './choice/node-usage.ts'
import { demandOf } from './demand.ts'
import { storedSelection } from './grammar/annotations.ts'
import { isChild } from './injection/controller-made.ts'
import { alternativesOf, markerText, parseMarker } from './injection/marker.ts'
import { RESTRICTED } from './labels.ts'
import type { Kind, Marker, PodDemand, Selection } from './types.ts'
import { type PodTemplate, podTemplate, replicasOf } from './workload.ts'

/** A workload with placement annotations, as stored. */
export interface PlacedWorkload {
  readonly apiVersion: string
  readonly kind: Kind
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly generation: number
  /** It has been deleted and waits for its finalizers. */
  readonly deleting?: true
  readonly selection: Selection
  readonly demand: PodDemand
  /** How many pods run at a time; undefined: as its kind has it (DaemonSet, Pod). */
  readonly replicas?: number
  /** Choice labels by row id, as admission wrote them. */
  readonly choices: ReadonlyMap<string, string>
  /** Why its annotations and its template do not belong together; absent: they do. */
  readonly problem?: string
}

/** A pod of a placed workload that is bound to a node. */
export interface PlacedPod {
  readonly uid: string
  readonly node: string
  /** It has been deleted and has not ended. */
  readonly terminating: boolean
}

/** What is kept of an object that has to do with placement. */
export interface Observed {
  /** Placement labels that it needs on nodes, also when its annotations are another's (a Job's pod). */
  readonly labels: readonly string[]
  /** The choice labels among them. */
  readonly choices: readonly string[]
  /** Pods: node and requests while it takes room. */
  readonly bound?: PodUsage
  /** Pods that admission placed and that are bound. */
  readonly pod?: PlacedPod
  /** The controller owner of an object that carries a marker: `<kind>/<namespace>/<name>`. */
  readonly owner?: string
  readonly placed?: PlacedWorkload
}

const GROUPS: Readonly<Record<Kind, string>> = {
  Deployment: 'apps/v1',
  DaemonSet: 'apps/v1',
  StatefulSet: 'apps/v1',
  ReplicaSet: 'apps/v1',
  Job: 'batch/v1',
  CronJob: 'batch/v1',
  Pod: 'v1',
}

/** Projects a stored object; undefined: it has nothing to do with placement. */
export function observe(kind: Kind, object: KubeObject): Observed | undefined {
  if (isOver(kind, object)) return undefined
  const template = podTemplate(kind, object)
  const marker = parseMarker(markerText(template.metadata))
  const labels = marker ? placementLabels(marker) : []
  const bound = kind === 'Pod' ? boundPod(object, template) : undefined
  const placed = isChild(kind, object) ? undefined : placedWorkload(kind, object, marker)
  const owner = marker && ownerOf(object)
  if (labels.length === 0 && !bound && !placed && owner === undefined) return undefined
  return {
    labels,
    choices: labels.filter(isChoiceLabel),
    ...(bound && { bound }),
    ...(bound && marker && { pod: placedPod(object, bound.node) }),
    ...(owner !== undefined && { owner }),
    ...(placed && { placed }),
  }
}

/** An object that will need no node any more. An old ReplicaSet is made anew by a rollout back to it. */
function isOver(kind: Kind, object: KubeObject): boolean {
  const status = (object['status'] ?? {}) as {
    phase?: string
    replicas?: number
    conditions?: { type: string; status: string }[]
  }
  if (kind === 'Pod') return status.phase === 'Succeeded' || status.phase === 'Failed'
  if (kind === 'Job') {
    const ended = ['Complete', 'Failed']
    return status.conditions?.some((c) => ended.includes(c.type) && c.status === 'True') ?? false
  }
  const spec = (object['spec'] ?? {}) as { replicas?: number }
  return (
    kind === 'ReplicaSet' &&
    spec.replicas === 0 &&
    (status.replicas ?? 0) === 0 &&
    isChild(kind, object)
  )
}

function placementLabels(marker: Marker): string[] {
  const keys = alternativesOf(marker).flatMap((terms) => terms.map(({ key }) => key))
  return [...new Set(keys.filter((key) => key.startsWith(RESTRICTED)))]
}

function boundPod(object: KubeObject, { spec }: PodTemplate): PodUsage | undefined {
  const { nodeName } = object['spec'] as { nodeName?: string }
  return nodeName ? { node: nodeName, requests: demandOf(spec).requests } : undefined
}

function placedPod({ metadata }: KubeObject, node: string): PlacedPod {
  const terminating = metadata.deletionTimestamp !== undefined
  return { uid: metadata.uid ?? '', node, terminating }
}

/** Only of stored objects, whose owners the API server's collector checks. */
function ownerOf({ metadata }: KubeObject): string | undefined {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true)
  return owner && `${owner.kind}/${metadata.namespace ?? ''}/${owner.name}`
}

function placedWorkload(
  kind: Kind,
  object: KubeObject,
  marker: Marker | undefined,
): PlacedWorkload | undefined {
  const selection = storedSelection(kind, object)
  // What admission would refuse was stored past it; its pods run wherever they do.
  if (!selection || selection === 'unreadable') return undefined
  const { metadata } = object
  const { spec, field } = podTemplate(kind, object)
  const problem = problemOf(selection, marker)
  const replicas = replicasOf(kind, object)
  return {
    apiVersion: GROUPS[kind],
    kind,
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    generation: metadata.generation ?? 0,
    ...(metadata.deletionTimestamp !== undefined && { deleting: true }),
    selection,
    demand: unbound(demandOf(spec, marker, `${field}.spec`)),
    choices: new Map(marker?.rows.flatMap(({ id, use }) => (use === undefined ? [] : [[id, use]]))),
    ...(replicas !== undefined && { replicas }),
    ...(problem !== undefined && { problem }),
  }
}

/** A template with a node's name is refused, so the name in a pod is what the scheduler wrote. */
function unbound({ nodeName: _, ...demand }: PodDemand): PodDemand {
  return demand
}

function problemOf({ rows }: Selection, marker: Marker | undefined): string | undefined {
  const ids = new Set(marker?.rows.map(({ id }) => id))
  if (rows.length === ids.size && rows.every(({ id }) => ids.has(id))) return undefined
  return 'was stored without the affinity that its annotations ask for; apply it again while the EdgeNet webhooks run'
}
