/** Objects that controllers make of placed ones, copies, and what only looks like either. */
import type { Test } from 'tap'
import type { KubeObject } from '../../../core/admission/types.ts'
import { PREFIX } from '../../../core/placement/labels.ts'
import type { Kind } from '../../../core/placement/types.ts'
import { pathTo } from '../../../platform/kube/paths.ts'
import { type Testbed, until } from '../../testbed/index.ts'
import {
  type Cloud,
  create,
  labelled,
  namespaces,
  nodesOf,
  pathOf,
  podsOf,
  whenRunning,
  workload,
} from '../support.ts'
import { get, markerOf, revisions, run, settled, type Template, unrolled, usesOf } from './state.ts'

const NAMESPACE = 'children'
const OTHER = 'children-2'

export async function children(t: Test, cloud: Cloud): Promise<void> {
  await namespaces(cloud.bed, NAMESPACE, OTHER)
  t.jobs = 4
  t.test('ReplicaSets of a Deployment', (t) => replicaSets(t, cloud))
  t.test('CronJob, Job, Pod', (t) => cronJob(t, cloud))
  t.test('copies', (t) => copies(t, cloud))
  t.test('forged owners', (t) => forged(t, cloud))
}

const placed = (kind: Kind, name: string, nodes = '2') =>
  workload(kind, name, { namespace: NAMESPACE, place: { country: 'FR', nodes }, replicas: 2 })

async function replicaSets(t: Test, { bed }: Cloud): Promise<void> {
  const manifest = placed('Deployment', 'parent')
  await create(bed, manifest)
  const before = await settled(bed, manifest)
  const [name = ''] = before.revisions
  const kubectl = (...args: readonly string[]) => run(bed, [...args, '-n', NAMESPACE])
  const path = pathTo('replicasets', { namespace: NAMESPACE, name })
  const touches: Readonly<Record<string, () => Promise<unknown>>> = {
    annotate: () => kubectl('annotate', 'rs', name, 'example.org/a=1'),
    label: () => kubectl('label', 'rs', name, 'example.org/a=1'),
    'our own annotations copied again': () =>
      kubectl('annotate', '--overwrite', 'rs', name, `${PREFIX}country=France`),
    'its spec': () => bed.admin.patch(path, { spec: { minReadySeconds: 1 } }, 'merge'),
    scale: () => kubectl('scale', 'rs', name, '--replicas=2'),
  }
  for (const [what, touch] of Object.entries(touches)) {
    await touch()
    // Makes its controller compare the ReplicaSets with the template.
    await kubectl('annotate', '--overwrite', 'deployment', 'parent', `example.org/touched=${what}`)
    unrolled(t, what, before, await settled(bed, manifest))
  }
  // Somebody insists: that ReplicaSet is not the Deployment's any more, and one takes its place.
  await kubectl('annotate', '--overwrite', 'rs', name, `${PREFIX}country=DE`)
  for (let i = 0; i < 5; i++) {
    await kubectl('annotate', '--overwrite', 'deployment', 'parent', `example.org/i=${i}`)
    await settled(bed, manifest)
  }
  const after = await revisions(bed, await get(bed, manifest))
  t.ok(after.length <= 2, `${after.length} ReplicaSets, no storm of them`)
  t.strictSame(
    nodesOf(await podsOf(bed, 'parent', NAMESPACE)).map((node) => node.slice(0, 2)),
    ['fr', 'fr'],
  )
}

interface Job extends KubeObject {
  readonly spec: { readonly template: Template }
}

async function cronJob(t: Test, { bed }: Cloud): Promise<void> {
  const manifest = placed('CronJob', 'cron')
  const stored = (await create(bed, manifest)) as unknown as {
    spec: { jobTemplate: { spec: { template: Template } } }
  }
  const { template } = stored.spec.jobTemplate.spec
  // It missed its last time, and runs at once.
  const lastScheduleTime = new Date(Date.now() - 70_000).toISOString().replace(/\.\d+Z$/, 'Z')
  await bed.admin.patch(`${pathOf(manifest)}/status`, { status: { lastScheduleTime } }, 'merge')
  const jobs = pathTo('jobs', { namespace: NAMESPACE })
  const made = await until(async () => (await bed.admin.listAll<Job>(jobs))[0], { what: 'its Job' })
  t.strictSame(made.spec.template.spec.affinity, template.spec.affinity, 'the Job is as it is')
  t.strictSame(markerOf(made.spec.template), markerOf(template))
  t.notOk(made.metadata.annotations?.[`${PREFIX}country`], 'though it has no annotations')
  const pods = await whenRunning(bed, 'cron', 2, NAMESPACE)
  t.ok(
    nodesOf(pods).every((node) => node.startsWith('fr-')),
    'and so are its pods',
  )
  const [use = ''] = usesOf(template)
  t.strictSame(await labelled(bed, use), nodesOf(pods), 'on the nodes that the CronJob chose')

  // A person starts it by hand: the Job is the CronJob's, and not its controller's.
  await run(bed, ['create', 'job', 'manual', '--from=cronjob/cron', '-n', NAMESPACE])
  const manual = await bed.admin.get<Job>(pathTo('jobs', { namespace: NAMESPACE, name: 'manual' }))
  t.strictSame(manual.spec.template.spec.affinity, template.spec.affinity, 'started by hand')
  const all = await whenRunning(bed, 'cron', 4, NAMESPACE)
  t.ok(nodesOf(all).every((node) => node.startsWith('fr-')))
}

async function copies(t: Test, { bed }: Cloud): Promise<void> {
  const manifest = placed('Deployment', 'original')
  await create(bed, manifest)
  await settled(bed, manifest)
  const original = await get(bed, manifest)
  const [use = ''] = usesOf(original.spec.template)
  const seen = new Set([use])
  const targets = [
    { name: 'copy', namespace: NAMESPACE },
    { name: 'original', namespace: OTHER },
  ]
  for (const target of targets) {
    // Everything as it was read, marker and all, but for the name.
    const { annotations, labels } = original.metadata
    const copy = { ...original, metadata: { annotations, labels, ...target } } as KubeObject
    const { status: _, ...rest } = copy as KubeObject & { status?: unknown }
    const stored = await create(bed, rest)
    const { template } = (stored as unknown as Job).spec
    const [own = ''] = usesOf(template)
    t.ok(own !== '' && !seen.has(own), `${target.namespace}/${target.name}: a choice of its own`)
    seen.add(own)
    const text = JSON.stringify(template)
    t.notOk(text.includes(use), 'nothing of the original’s')
    t.equal(text.split(own).length - 1, 3, 'once in the affinity, as row and term in the marker')
    // Its pods carry the labels of the original's, which is how it finds them.
    const nodes = async () => {
      const pods = await podsOf(bed, 'original', target.namespace)
      const mine = pods.filter(({ metadata }) => metadata?.name?.startsWith(`${target.name}-`))
      const all = nodesOf(mine)
      return all.length === 2 && !all.includes('-') && all
    }
    const bound = await until(nodes, { what: `the pods of ${target.namespace}/${target.name}` })
    t.strictSame(await labelled(bed, own), bound)
  }
  const { spec } = await get(bed, manifest)
  t.strictSame(spec.template, original.spec.template, 'the original is as it was')
}

/** What a user of the namespace writes who knows which objects are left alone. */
async function forged(t: Test, { bed }: Cloud): Promise<void> {
  const group = 'rbac.authorization.k8s.io'
  await bed.admin.create(pathTo('rolebindings', { namespace: NAMESPACE }), {
    apiVersion: `${group}/v1`,
    kind: 'RoleBinding',
    metadata: { name: 'eve' },
    subjects: [{ kind: 'User', apiGroup: group, name: 'eve' }],
    roleRef: { kind: 'ClusterRole', apiGroup: group, name: 'edit' },
  })
  const eve = bed.clientFor('eve')
  await until(() => eve.get(pathTo('pods', { namespace: NAMESPACE })), {
    what: 'the rights of eve',
  })
  const owners: readonly (readonly [Kind, Kind])[] = [
    ['Pod', 'ReplicaSet'],
    ['Pod', 'StatefulSet'],
    ['Pod', 'DaemonSet'],
    ['Pod', 'Job'],
    ['ReplicaSet', 'Deployment'],
    ['Job', 'CronJob'],
  ]
  for (const [kind, owner] of owners) {
    const name = `${kind}-${owner}`.toLowerCase()
    const parent = await create(bed, parentOf(owner, `parent-of-${name}`))
    const { apiVersion, metadata } = parent
    const reference = { apiVersion, kind: owner, name: metadata.name, uid: metadata.uid }
    const object = workload(kind, name, { namespace: NAMESPACE, place: { country: 'KR' } })
    const ownerReferences = [{ ...reference, controller: true, blockOwnerDeletion: false }]
    const stored = await eve.create(pathOf(object, true), {
      ...object,
      metadata: { ...object.metadata, ownerReferences },
    })
    t.ok(isPlaced(kind, stored), `a ${kind} that says a ${owner} made it is placed`)
  }
  const pods = await until(() => boundPods(bed, owners.length), { what: 'the forged pods' })
  t.strictSame(
    pods.filter((node) => node !== 'kr-seoul-1'),
    [],
    'and runs where its annotations say',
  )
}

/** It owns nothing by its selector, and makes nothing. */
function parentOf(kind: Kind, name: string): KubeObject {
  const options = { namespace: NAMESPACE, replicas: 0 }
  const spec = kind === 'DaemonSet' ? { nodeSelector: { none: 'none' } } : {}
  const object = workload(kind, name, { ...options, pod: spec })
  const suspended = kind === 'CronJob' || kind === 'Job' ? { suspend: true } : {}
  return { ...object, spec: { ...(object['spec'] as object), ...suspended } }
}

function isPlaced(kind: Kind, stored: KubeObject): boolean {
  const { template } = stored['spec'] as { template?: Template }
  const pod = kind === 'Pod' ? (stored as unknown as Template) : template
  return pod !== undefined && markerOf(pod) !== undefined && pod.spec.affinity !== undefined
}

/** Nodes of all pods of forged workloads that are bound, when there are enough of them. */
async function boundPods(bed: Testbed, enough: number): Promise<string[] | undefined> {
  const all = await bed.admin.listAll(pathTo('pods', { namespace: NAMESPACE }))
  const forgeries = all.filter(({ metadata }) => /^(pod|replicaset|job)-/.test(metadata.name ?? ''))
  const nodes = forgeries.flatMap((pod) => (pod['spec'] as { nodeName?: string }).nodeName ?? [])
  return nodes.length >= enough ? nodes : undefined
}
