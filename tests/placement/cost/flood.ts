/** One user asks for far more than everybody else together. */
import type { Test } from 'tap'
import { DEFAULT_LIMITS } from '../../../core/placement/choice/caps.ts'
import { RESTRICTED } from '../../../core/placement/labels.ts'
import { ApiError, type KubeClient } from '../../../platform/kube/client.ts'
import { pathTo } from '../../../platform/kube/paths.ts'
import { forEachParallel } from '../../../platform/parallel.ts'
import { type Testbed, until } from '../../testbed/index.ts'
import { type Cloud, create, namespaces, nodesOf, pathOf, podsOf, workload } from '../support.ts'
import { caughtUp } from './account.ts'

const NAMESPACE = 'flood'
const NEIGHBOUR = 'neighbour'
const SELECTIONS = 10_000
/** As many as one client keeps connections. */
const PARALLEL = 32
const SAMPLES = 7
/** Bytes of a Node as JSON. */
const LARGEST_NODE = 100_000
/** While the flood keeps both cores of a small machine busy with the API server’s own work. */
const SLOWER = 12

export async function flood(t: Test, { bed }: Cloud): Promise<void> {
  await namespaces(bed, NAMESPACE, NEIGHBOUR)
  const user = await flooder(bed)
  const quiet: number[] = []
  for (let i = 0; i < SAMPLES; i++) quiet.push(await placedAfterMs(bed, `quiet-${i}`))

  const began = performance.now()
  const flooding = pour(user)
  const meanwhile: number[] = []
  let over = false
  flooding.then(
    () => (over = true),
    () => (over = true),
  )
  while (!over) meanwhile.push(await placedAfterMs(bed, `meanwhile-${meanwhile.length}`))
  const answers = await flooding
  t.comment(`${SELECTIONS} selections answered in ${Math.round(performance.now() - began)} ms`)

  t.strictSame(
    Object.fromEntries(answers),
    {
      ok: DEFAULT_LIMITS.rowsPerTenant,
      '403 EDGENET_TOO_MANY_SELECTIONS': SELECTIONS - DEFAULT_LIMITS.rowsPerTenant,
    },
    'refused at the cap',
  )
  const ratio = median(meanwhile) / median(quiet)
  const ms = [quiet, meanwhile].map((all) => `${Math.round(median(all))} ms (n=${all.length})`)
  t.comment(`another namespace's workload was placed in ${ms.join(', meanwhile ')}`)
  t.ok(meanwhile.length > 0 && ratio < SLOWER, `others are ${ratio.toFixed(1)} times slower`)
  await caughtUp(bed)
  await until(async () => (await ownLabels(bed)) >= DEFAULT_LIMITS.rowsPerTenant, {
    what: 'the labels of what was admitted',
  })
  const nodes = await bed.nodes.list()
  const bytes = nodes.map((node) => Buffer.byteLength(JSON.stringify(node)))
  t.ok(Math.max(...bytes) < LARGEST_NODE, `the largest Node has ${Math.max(...bytes)} bytes`)
  await user.delete(pathTo('deployments', { namespace: NAMESPACE }))
}

/** The user of one namespace. */
async function flooder(bed: Testbed): Promise<KubeClient> {
  const name = 'mallory'
  const group = 'rbac.authorization.k8s.io'
  await bed.admin.create(pathTo('rolebindings', { namespace: NAMESPACE }), {
    apiVersion: `${group}/v1`,
    kind: 'RoleBinding',
    metadata: { name },
    subjects: [{ kind: 'User', apiGroup: group, name }],
    roleRef: { kind: 'ClusterRole', apiGroup: group, name: 'edit' },
  })
  const user = bed.clientFor(name)
  const path = pathTo('deployments', { namespace: NAMESPACE })
  await until(() => user.get(path), { what: `the rights of ${name}` })
  return user
}

/** Counts the answers. */
async function pour(user: KubeClient): Promise<Map<string, number>> {
  const answers = new Map<string, number>()
  const path = pathTo('deployments', { namespace: NAMESPACE })
  const numbers = Array.from({ length: SELECTIONS }, (_, i) => i)
  await forEachParallel(numbers, PARALLEL, async (i) => {
    const object = workload('Deployment', `flood-${i}`, {
      namespace: NAMESPACE,
      place: { country: 'FR', nodes: '6' },
      replicas: 0,
    })
    const answer = await outcome(user.create(path, object))
    answers.set(answer, (answers.get(answer) ?? 0) + 1)
  })
  return answers
}

async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'ok'
  } catch (error) {
    if (!(error instanceof ApiError)) return String(error)
    return `${error.status} ${/EDGENET_\w+/.exec(error.message)?.[0] ?? error.message}`
  }
}

/** From the request until both pods of a counted row are bound to nodes. */
async function placedAfterMs(bed: Testbed, name: string): Promise<number> {
  const object = workload('Deployment', name, {
    namespace: NEIGHBOUR,
    place: { country: 'FR', nodes: '2' },
    replicas: 2,
  })
  const began = performance.now()
  await create(bed, object)
  const bound = async () => {
    const nodes = nodesOf(await podsOf(bed, name, NEIGHBOUR))
    return nodes.length === 2 && !nodes.includes('-')
  }
  await until(bound, { what: `the pods of ${name} to be bound`, everyMs: 10 })
  const ms = performance.now() - began
  await bed.admin.delete(pathOf(object))
  return ms
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** The most placement labels that a node carries. */
async function ownLabels(bed: Testbed): Promise<number> {
  const counts = (await bed.nodes.list()).map(
    ({ metadata }) =>
      Object.keys(metadata.labels ?? {}).filter((key) => key.startsWith(RESTRICTED)).length,
  )
  return Math.max(...counts)
}
