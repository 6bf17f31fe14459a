/** One user asks for far more than everybody else together. */
import type { Test } from 'tap'
import type { KubeObject } from '../../../core/admission/types.ts'
import { DEFAULT_LIMITS } from '../../../core/placement/choice/caps.ts'
import { RESTRICTED } from '../../../core/placement/labels.ts'
import { ApiError, type KubeClient } from '../../../platform/kube/client.ts'
import { pathTo } from '../../../platform/kube/paths.ts'
import { type Testbed, until } from '../../testbed/index.ts'
import { type Cloud, create, namespaces, nodesOf, pathOf, podsOf, workload } from '../support.ts'
import { caughtUp } from './account.ts'

const NAMESPACE = 'flood'
const NEIGHBOUR = 'neighbour'
/** Unless that takes longer than FLOOD_MS; then as many as were answered in that time. */
const SELECTIONS = 10_000
const FEWEST = 500
const FLOOD_MS = 12_000
const PARALLEL = 16
const SAMPLES = 5
/** Bytes of a Node as JSON. */
const LARGEST_NODE = 100_000
/** Others may be so many times slower than under as many requests that EdgeNet has no part in. */
const SLOWER = 8

export async function flood(t: Test, { bed }: Cloud): Promise<void> {
  await namespaces(bed, NAMESPACE, NEIGHBOUR)
  const user = await flooder(bed)
  const quiet = await placedMs(bed, 'quiet', (samples) => samples >= SAMPLES)

  // The machine is busy with such a flood in any case: the same one of workloads without a place.
  const path = pathTo('cronjobs', { namespace: NAMESPACE })
  let plenty = false
  const plain = pour(
    (i) => user.create(path, manifest(`plain-${i}`, {}), isBelowCap(i) ? {} : { dryRun: 'All' }),
    () => plenty,
  )
  const usual = await placedMs(bed, 'usual', (samples) => samples >= SAMPLES)
  plenty = true
  await plain

  const began = performance.now()
  let sent = 0
  let over = false
  const isEnough = (asked: number) =>
    asked >= SELECTIONS || (asked >= FEWEST && performance.now() - began > FLOOD_MS)
  const flooding = pour(
    (i) => user.create(path, manifest(`flood-${i}`, PLACE)),
    (asked) => {
      sent = asked
      return isEnough(asked)
    },
  ).finally(() => (over = true))
  const meanwhile = await placedMs(bed, 'meanwhile', (samples) => over && samples > 0)
  const answers = await flooding
  t.comment(`${sent} selections answered in ${Math.round(performance.now() - began)} ms`)

  t.strictSame(
    Object.fromEntries(answers),
    {
      ok: DEFAULT_LIMITS.rowsPerTenant,
      '403 EDGENET_TOO_MANY_SELECTIONS': sent - DEFAULT_LIMITS.rowsPerTenant,
    },
    'refused at the cap',
  )
  const ms = (all: readonly number[]) => `${Math.round(median(all))} ms (n=${all.length})`
  t.comment(`a workload of another namespace is placed after ${ms(quiet)} in a quiet cluster,`)
  t.comment(`${ms(usual)} during a flood without places, ${ms(meanwhile)} during this one`)
  const ratio = median(meanwhile) / median(usual)
  t.ok(ratio < SLOWER, `others are ${ratio.toFixed(2)} times slower`)
  await until(async () => (await mostLabels(bed)) >= DEFAULT_LIMITS.rowsPerTenant, {
    what: 'the labels of what was admitted',
  })
  await caughtUp(bed)
  const nodes = await bed.nodes.list()
  const bytes = nodes.map((node) => Buffer.byteLength(JSON.stringify(node)))
  t.ok(Math.max(...bytes) < LARGEST_NODE, `the largest Node has ${Math.max(...bytes)} bytes`)
}

/** As many as the cap lets through; of others nothing is stored. */
const isBelowCap = (i: number) => i < DEFAULT_LIMITS.rowsPerTenant

const PLACE = { country: 'FR', nodes: '6' }

/** Of a kind that costs the cluster's own controllers nothing, so that EdgeNet's part is seen. */
function manifest(name: string, place: Readonly<Record<string, string>>): KubeObject {
  const object = workload('CronJob', name, { namespace: NAMESPACE, place })
  return { ...object, spec: { ...(object['spec'] as object), suspend: true } }
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
  const path = pathTo('cronjobs', { namespace: NAMESPACE })
  await until(() => user.get(path), { what: `the rights of ${name}` })
  return user
}

/** Sends requests as fast as they are answered, until told to stop; counts the answers. */
async function pour(
  send: (i: number) => Promise<unknown>,
  stop: (sent: number) => boolean,
): Promise<Map<string, number>> {
  const answers = new Map<string, number>()
  let sent = 0
  const worker = async () => {
    while (!stop(sent)) {
      const answer = await outcome(send(sent++))
      answers.set(answer, (answers.get(answer) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, worker))
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

/** How long workloads of another namespace take to be placed, one after the other. */
async function placedMs(
  bed: Testbed,
  prefix: string,
  enough: (samples: number) => boolean,
): Promise<number[]> {
  const samples: number[] = []
  while (!enough(samples.length)) {
    samples.push(await placedAfterMs(bed, `${prefix}-${samples.length}`))
  }
  return samples
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
async function mostLabels(bed: Testbed): Promise<number> {
  const counts = (await bed.nodes.list()).map(
    ({ metadata }) =>
      Object.keys(metadata.labels ?? {}).filter((key) => key.startsWith(RESTRICTED)).length,
  )
  return Math.max(...counts)
}
