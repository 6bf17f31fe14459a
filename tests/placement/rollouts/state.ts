/** What a rollout changes, and how to see that there was none. */
import type { Test } from 'tap'
import type { KubeObject } from '../../../core/admission/types.ts'
import { MARKER } from '../../../core/placement/labels.ts'
import type { Marker } from '../../../core/placement/types.ts'
import { type At, pathTo, resourcePath } from '../../../platform/kube/paths.ts'
import { type Testbed, until } from '../../testbed/index.ts'
import { pathOf, podsOf } from '../support.ts'

export interface Template {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> }
  readonly spec: {
    readonly affinity?: unknown
    readonly topologySpreadConstraints?: readonly { readonly minDomains?: number }[]
    readonly containers: readonly { readonly image: string }[]
  }
}

/** The parts of workloads that are read. */
export interface Stored extends KubeObject {
  readonly spec: { readonly replicas?: number; readonly template: Template }
  readonly status?: Status
}

interface Status {
  readonly observedGeneration?: number
  readonly replicas?: number
  readonly updatedReplicas?: number
  readonly availableReplicas?: number
  readonly desiredNumberScheduled?: number
  readonly updatedNumberScheduled?: number
  readonly numberAvailable?: number
}

export interface State {
  /** Counts every change of the spec, so of the template too. */
  readonly generation: number
  readonly template: Template
  /** Names of the ReplicaSets or ControllerRevisions, sorted: one for each template that there was. */
  readonly revisions: readonly string[]
  /** UIDs of the pods, sorted. */
  readonly pods: readonly string[]
}

export const get = (bed: Testbed, object: KubeObject): Promise<Stored> =>
  bed.admin.get<Stored>(pathOf(object))

/**
 * Waits until the controller of the workload has done all that its spec asks for, and looks at it.
 * `orphans`: pods of nodes that were deleted may be left; the cluster takes its time with them.
 */
export async function settled(
  bed: Testbed,
  object: KubeObject,
  { orphans = false } = {},
): Promise<State> {
  const { name = '', namespace } = object.metadata
  let now: Stored | undefined
  let pods: readonly string[] = []
  const done = async () => {
    now = await get(bed, object)
    const wanted = isDone(now)
    pods = uids(await podsOf(bed, name, namespace))
    const enough =
      wanted === pods.length || (orphans && pods.length > (wanted ?? Number.POSITIVE_INFINITY))
    if (enough) return now
    throw new Error(`${pods.length} pods, ${JSON.stringify(now.status)}`)
  }
  const stored = await until(done, { what: `${object.kind} ${name} to settle`, timeoutMs: 40_000 })
  return {
    generation: stored.metadata.generation ?? 0,
    template: stored.spec.template,
    revisions: await revisions(bed, stored),
    pods,
  }
}

const uids = (pods: Awaited<ReturnType<typeof podsOf>>): string[] =>
  pods.map(({ metadata }) => metadata?.uid ?? '').sort()

/** How many pods run by the present template when no others are left; undefined: not done yet. */
function isDone({ metadata, spec, status = {} }: Stored): number | undefined {
  if (status.observedGeneration !== metadata.generation) return undefined
  const isDaemonSet = status.desiredNumberScheduled !== undefined
  const wanted = isDaemonSet ? status.desiredNumberScheduled : spec.replicas
  const counts = isDaemonSet
    ? [status.updatedNumberScheduled, status.numberAvailable]
    : [status.replicas, status.updatedReplicas, status.availableReplicas]
  return counts.every((count = 0) => count === wanted) ? wanted : undefined
}

const REVISIONS = { group: 'apps', version: 'v1', resource: 'controllerrevisions' }

/** Names of the ReplicaSets or ControllerRevisions of a workload, sorted. */
export async function revisions(bed: Testbed, { metadata, kind }: KubeObject): Promise<string[]> {
  const at: At = { namespace: metadata.namespace }
  const path =
    kind === 'Deployment' ? pathTo('replicasets', at) : resourcePath({ ...REVISIONS, ...at })
  const all = await bed.admin.listAll(path)
  const own = all.filter(({ metadata: { ownerReferences = [] } }) =>
    ownerReferences.some(({ uid }) => uid === metadata.uid),
  )
  return own.map((each) => each.metadata.name ?? '').sort()
}

/** Asserts that no pod was restarted; there may be more or fewer of them than before. */
export function unrolled(t: Test, what: string, before: State, after: State): void {
  t.strictSame(after.template, before.template, `${what}: the template is as it was`)
  t.strictSame(after.revisions, before.revisions, `${what}: no other revision`)
  const [few, many] =
    after.pods.length < before.pods.length ? [after.pods, before.pods] : [before.pods, after.pods]
  t.strictSame(
    few.filter((uid) => !many.includes(uid)),
    [],
    `${what}: no pod was restarted`,
  )
}

/** Asserts that there was exactly one rollout, which replaced every pod. */
export function rolledOnce(t: Test, what: string, before: State, after: State): void {
  t.equal(after.revisions.length, before.revisions.length + 1, `${what}: one more revision`)
  t.strictSame(
    before.pods.filter((uid) => after.pods.includes(uid)),
    [],
    `${what}: all pods anew`,
  )
}

/** The marker of a template; undefined: it carries none. */
export function markerOf({ metadata }: Pick<Template, 'metadata'>): Marker | undefined {
  const text = metadata.annotations?.[MARKER]
  return text === undefined ? undefined : (JSON.parse(text) as Marker)
}

/** The keys of a template's choice labels. */
export const usesOf = (template: Pick<Template, 'metadata'>): string[] =>
  markerOf(template)?.rows.flatMap(({ use }) => use ?? []) ?? []

/** Runs kubectl and throws when it fails. */
export async function run(bed: Testbed, args: readonly string[], input = ''): Promise<string> {
  const { code, stdout, stderr } = await bed.kubectl(args, { input })
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`)
  return stdout + stderr
}
