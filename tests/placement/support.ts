/** What tests of placement on a real control plane share: a bed with EdgeNet, workloads, where pods run. */
import type { V1Pod } from '@kubernetes/client-node'
import type { KubeObject } from '../../core/admission/types.ts'
import { PREFIX } from '../../core/placement/labels.ts'
import type { PlacementStatus } from '../../core/placement/report/report.ts'
import { KINDS, type Kind } from '../../core/placement/types.ts'
import { isStatus } from '../../platform/kube/client.ts'
import { pathTo, type RESOURCES } from '../../platform/kube/paths.ts'
import { forEachParallel } from '../../platform/parallel.ts'
import { type EdgenetHandle, type EdgenetOptions, startEdgenet } from '../testbed/edgenet.ts'
import {
  type KubectlResult,
  type NodeRow,
  startTestbed,
  type Testbed,
  type TestbedOptions,
  until,
  worldNodes,
} from '../testbed/index.ts'

/** A running control plane with EdgeNet on it, all of whose nodes are located. */
export interface Cloud {
  readonly bed: Testbed
  readonly edgenet: EdgenetHandle
  /** The nodes that it began with. */
  readonly table: readonly NodeRow[]
  stop(): Promise<void>
}

export interface CloudOptions {
  readonly bed?: TestbedOptions
  /** Default: the world's. */
  readonly nodes?: readonly NodeRow[]
  readonly edgenet?: Omit<EdgenetOptions, 'kubeconfig' | 'dir'>
}

const RESOURCE: Readonly<Record<string, keyof typeof RESOURCES>> = Object.fromEntries(
  [...KINDS, 'GeoArea', 'Placement'].map((kind) => [
    kind,
    `${kind.toLowerCase()}s` as keyof typeof RESOURCES,
  ]),
)

/** Starts both, with the built-in area "eu"; on any failure nothing is left running. */
export async function startCloud(options: CloudOptions = {}): Promise<Cloud> {
  const table = options.nodes ?? worldNodes()
  const bed = await startTestbed({ podStart: 0.1, podStop: 0.1, ...options.bed, nodes: table })
  try {
    const edgenet = await startEdgenet({
      kubeconfig: bed.kubeconfig,
      dir: bed.dir,
      ...options.edgenet,
    })
    await allLocated(bed, table)
    const eu = pathTo('geoareas', { name: 'eu' })
    await until(() => bed.admin.get(eu), { what: 'the built-in area' })
    const stop = async () => {
      await edgenet.stop()
      await bed.stop()
    }
    return { bed, edgenet, table, stop }
  } catch (error) {
    await bed.stop()
    throw error
  }
}

const hasPlace = ({ lat, country }: NodeRow): boolean => lat !== undefined || country !== undefined

/** Resolves when every node of the rows that has a place carries its labels. */
export async function allLocated(bed: Testbed, rows: readonly NodeRow[]): Promise<void> {
  const wanted = new Set(rows.filter(hasPlace).map(({ name }) => name))
  const open = async () => {
    for (const { metadata } of await bed.nodes.list()) {
      if (metadata.labels?.[`${PREFIX}country-iso`]) wanted.delete(metadata.name ?? '')
    }
    return wanted.size === 0
  }
  await until(open, { what: `nodes to be located: ${[...wanted].slice(0, 5).join(', ')}` })
}

/** Creates namespaces in which pods can be made (their ServiceAccounts stand). */
export async function namespaces(bed: Testbed, ...names: readonly string[]): Promise<void> {
  await forEachParallel(names, 8, async (name) => {
    await bed.admin.create(pathTo('namespaces'), {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name },
    })
    const account = pathTo('serviceaccounts', { namespace: name, name: 'default' })
    await until(() => bed.admin.get(account), { what: `the ServiceAccount of ${name}` })
  })
}

export interface WorkloadOptions {
  /** Default: `default`. */
  readonly namespace?: string
  /** Placement annotations without their prefix. */
  readonly place?: Readonly<Record<string, string>>
  /** The same, on the pod template. */
  readonly templatePlace?: Readonly<Record<string, string>>
  /** Replicas of a Deployment, StatefulSet or ReplicaSet, parallelism of a Job. Default 1. */
  readonly replicas?: number
  /** Added to the pod spec. */
  readonly pod?: Readonly<Record<string, unknown>>
  /** Requests of the only container. Default: 1m of cpu. */
  readonly requests?: Readonly<Record<string, string>>
  /** Added to the workload's spec. */
  readonly spec?: Readonly<Record<string, unknown>>
}

const annotations = (place: Readonly<Record<string, string>> = {}) =>
  Object.fromEntries(Object.entries(place).map(([key, value]) => [PREFIX + key, value]))

/** A workload whose pods carry the label `app` with its name. */
export function workload(kind: Kind, name: string, options: WorkloadOptions = {}): KubeObject {
  const { namespace = 'default', place, templatePlace, replicas = 1 } = options
  const labels = { app: name }
  const metadata = { name, namespace, annotations: annotations(place) }
  const container = {
    name: 'c',
    image: 'none',
    resources: { requests: options.requests ?? { cpu: '1m' } },
  }
  const spec = { containers: [container], terminationGracePeriodSeconds: 1, ...options.pod }
  const template = { metadata: { labels, annotations: annotations(templatePlace) }, spec }
  const selector = { matchLabels: labels }
  if (kind === 'Pod') {
    return { apiVersion: 'v1', kind, metadata: { ...metadata, labels }, spec }
  }
  if (kind === 'Job' || kind === 'CronJob') {
    const once = { ...template, spec: { restartPolicy: 'Never', ...spec } }
    const job = { parallelism: replicas, completions: replicas, template: once, ...options.spec }
    const cron = { schedule: '* * * * *', concurrencyPolicy: 'Forbid', jobTemplate: { spec: job } }
    return { apiVersion: 'batch/v1', kind, metadata, spec: kind === 'Job' ? job : cron }
  }
  const own = {
    ...(kind === 'DaemonSet' ? {} : { replicas }),
    ...(kind === 'StatefulSet' ? { serviceName: name, podManagementPolicy: 'Parallel' } : {}),
  }
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata,
    spec: { ...own, selector, template, ...options.spec },
  }
}

/** URL path of the object, or of its collection. */
export function pathOf({ kind = '', metadata }: KubeObject, collection = false): string {
  const resource = RESOURCE[kind]
  if (resource === undefined) throw new Error(`no resource of kind ${kind}`)
  const name = collection ? undefined : metadata.name
  return pathTo(resource, { namespace: metadata.namespace, name })
}

/** Creates an object as an administrator, without kubectl. */
export const create = (bed: Testbed, object: KubeObject): Promise<KubeObject> =>
  bed.admin.create(pathOf(object, true), object)

/** `kubectl apply -f -` with further arguments. */
export const apply = (
  bed: Testbed,
  object: KubeObject,
  ...args: readonly string[]
): Promise<KubectlResult> =>
  bed.kubectl(['apply', ...args, '-f', '-'], { input: JSON.stringify(object) })

/** The pods of a workload that are not on their way out. */
export async function podsOf(bed: Testbed, app: string, namespace = 'default'): Promise<V1Pod[]> {
  const list = await bed.admin.listAll<V1Pod>(pathTo('pods', { namespace }), {
    labelSelector: `app=${app}`,
  })
  return list.filter(({ metadata }) => metadata?.deletionTimestamp === undefined)
}

const isRunning = ({ status }: V1Pod): boolean => status?.phase === 'Running'

/** The running ones among pods. */
export const running = (pods: readonly V1Pod[]): V1Pod[] => pods.filter(isRunning)

/** Names of the nodes of pods, sorted; one that has no node counts as `-`. */
export const nodesOf = (pods: readonly V1Pod[]): string[] =>
  pods.map(({ spec }) => spec?.nodeName ?? '-').sort()

/** Waits until exactly `count` pods are there and all of them run; resolves with them. */
export async function whenRunning(
  bed: Testbed,
  app: string,
  count: number,
  namespace = 'default',
): Promise<V1Pod[]> {
  let pods: V1Pod[] = []
  const all = async () => {
    pods = await podsOf(bed, app, namespace)
    if (pods.length === count && pods.every(isRunning)) return true
    throw new Error(`${pods.length} pods: ${pods.map(stateOf).join(', ')}`)
  }
  await until(all, { what: `${count} pods of ${namespace}/${app} to run`, timeoutMs: 40_000 })
  return pods
}

const scheduled = ({ status }: V1Pod) =>
  status?.conditions?.find(({ type }) => type === 'PodScheduled')

const stateOf = (pod: V1Pod): string =>
  `${pod.metadata?.name} ${pod.status?.phase} ${pod.spec?.nodeName ?? scheduled(pod)?.message ?? ''}`

/** Whether the scheduler has looked at a pod and found no node for it. */
export const isWaiting = (pod: V1Pod): boolean =>
  pod.spec?.nodeName === undefined && scheduled(pod)?.reason === 'Unschedulable'

/** Waits until `run` pods run and `wait` pods have been refused by the scheduler; resolves with all. */
export async function whenWaiting(
  bed: Testbed,
  app: string,
  { run, wait }: { readonly run: number; readonly wait: number },
  namespace = 'default',
): Promise<V1Pod[]> {
  let pods: V1Pod[] = []
  const settled = async () => {
    pods = await podsOf(bed, app, namespace)
    const right = pods.filter(isRunning).length === run && pods.filter(isWaiting).length === wait
    if (right && pods.length === run + wait) return true
    throw new Error(pods.map(stateOf).join(', '))
  }
  await until(settled, { what: `${run} pods of ${app} to run and ${wait} to wait` })
  return pods
}

/** The status of a workload's Placement, undefined while there is none. */
export async function reportOf(
  bed: Testbed,
  { kind = '', metadata: { name, namespace } }: KubeObject,
): Promise<PlacementStatus | undefined> {
  const path = pathTo('placements', { namespace, name: `${kind.toLowerCase()}-${name}` })
  try {
    const object = await bed.admin.get(path)
    return object['status'] as PlacementStatus | undefined
  } catch (error) {
    if (isStatus(error, 404)) return undefined
    throw error
  }
}

/** Waits until the Placement says what `test` wants; resolves with its status. */
export const whenReported = (
  bed: Testbed,
  object: KubeObject,
  test: (status: PlacementStatus) => boolean,
): Promise<PlacementStatus> =>
  until(
    async () => {
      const status = await reportOf(bed, object)
      if (status && test(status)) return status
      throw new Error(JSON.stringify(status) ?? 'no Placement')
    },
    { what: `the report on ${object.kind} ${object.metadata.name}` },
  )

/** `reason: note` of the events of EdgeNet on a workload. */
export async function eventsOn(bed: Testbed, { kind, metadata }: KubeObject): Promise<string[]> {
  const events = await bed.admin.listAll<KubeObject & EventFields>(
    pathTo('events', { namespace: metadata.namespace }),
  )
  return events
    .filter(({ reportingController }) => reportingController?.startsWith(PREFIX))
    .filter(({ regarding }) => regarding?.kind === kind && regarding?.name === metadata.name)
    .map(({ reason, note }) => `${reason}: ${note}`)
}

interface EventFields {
  readonly reportingController?: string
  readonly reason?: string
  readonly note?: string
  readonly regarding?: { readonly kind?: string; readonly name?: string }
}

/** Names of the nodes that carry a label (`key` or `key=value`), sorted. */
export async function labelled(bed: Testbed, labelSelector: string): Promise<string[]> {
  const nodes = await bed.admin.listAll(pathTo('nodes'), { labelSelector })
  return nodes.map(({ metadata }) => metadata.name ?? '').sort()
}

/** Great-circle distance in km on a sphere of 6,371 km, written apart from the code under test. */
export function distanceKm(
  a: { readonly lat: number; readonly lon: number },
  b: { readonly lat: number; readonly lon: number },
): number {
  const vector = ({ lat, lon }: typeof a) => {
    const [phi, lambda] = [(lat * Math.PI) / 180, (lon * Math.PI) / 180]
    return [Math.cos(phi) * Math.cos(lambda), Math.cos(phi) * Math.sin(lambda), Math.sin(phi)]
  }
  const [u, v] = [vector(a), vector(b)]
  const dot = u.reduce((sum, x, i) => sum + x * (v[i] ?? 0), 0)
  return 6371 * Math.acos(Math.min(1, Math.max(-1, dot)))
}
