/** How often nodes are written for what. */
import type { Test } from 'tap'
import type { KubeObject } from '../../../core/admission/types.ts'
import { RESTRICTED } from '../../../core/placement/labels.ts'
import { isStatus } from '../../../platform/kube/client.ts'
import { pathTo } from '../../../platform/kube/paths.ts'
import { type Testbed, until } from '../../testbed/index.ts'
import {
  apply,
  type Cloud,
  create,
  labelled,
  namespaces,
  pathOf,
  type WorkloadOptions,
  whenReported,
  workload,
} from '../support.ts'
import { caughtUp, changesSince, nodeWrites, nodeWritesOf, words } from './account.ts'

const NAMESPACE = 'labels'

const at = (options: WorkloadOptions): WorkloadOptions => ({ namespace: NAMESPACE, ...options })
const deployment = (name: string, place: Readonly<Record<string, string>>, replicas = 1) =>
  workload('Deployment', name, at({ place, replicas }))

export async function labels(t: Test, cloud: Cloud): Promise<void> {
  await namespaces(cloud.bed, NAMESPACE, 'labels-2')
  await t.test('a counted row', (t) => counted(t, cloud))
  await t.test('an area', (t) => area(t, cloud))
  await t.test('an area with a number, excluded areas, several rows', (t) => mixed(t, cloud))
  await t.test('what changes nothing', (t) => nothing(t, cloud))
  await t.test('collection', (t) => collection(t, cloud))
}

const isUnique = (names: readonly string[]) => new Set(names).size === names.length

async function counted(t: Test, { bed }: Cloud): Promise<void> {
  t.strictSame(
    await nodeWritesOf(bed, () => create(bed, deployment('plain', { country: 'FR' }))),
    [],
    'a country without a number costs nothing',
  )
  const four = deployment('counted', { country: 'FR, DE', nodes: '4' }, 4)
  const first = await nodeWritesOf(bed, () => create(bed, four))
  t.equal(first.length, 4, 'a row of 4: 4 writes')
  t.ok(isUnique(first))
  const { rows } = await whenReported(bed, four, ({ selected }) => selected === 4)
  t.strictSame(first, [...(rows[0]?.nodes ?? [])].sort(), 'of the chosen nodes')

  const setCount = (nodes: string) =>
    bed.admin.patch(
      pathOf(four),
      { metadata: { annotations: { 'edge-net.io/nodes': nodes } } },
      'merge',
    )
  const more = await nodeWritesOf(bed, () => setCount('6'))
  t.equal(more.length, 2, '4 to 6: 2 writes')
  t.notOk(more.some((name) => first.includes(name)))
  const fewer = await nodeWritesOf(bed, () => setCount('3'))
  t.equal(fewer.length, 3, '6 to 3: 3 writes')
  t.ok(isUnique(fewer))
}

const ALPS = [
  [4, 43],
  [17, 43],
  [17, 50],
  [4, 50],
  [4, 43],
]
const INSIDE_ALPS = [
  'at-vienna-1',
  'ch-geneva-1',
  'ch-zurich-1',
  'de-munich-1',
  'fr-lyon-1',
  'fr-marseille-1',
  'it-milan-1',
]

const polygon = (ring: readonly (readonly number[])[]) =>
  JSON.stringify({ type: 'Polygon', coordinates: [ring] })

/** The same outline: begun elsewhere, the other way round, in a Feature, with further zeros. */
const REWRITTEN = `{"type": "Feature", "properties": {"name": "x"}, "geometry": {"coordinates":
  [[[17.0, 50.00], [17.0, 43], [4, 43.0], [4.000, 50], [17, 50]]], "type": "Polygon"}}`

async function area(t: Test, { bed }: Cloud): Promise<void> {
  const of = (kind: 'Deployment' | 'StatefulSet', name: string, text: string, namespace: string) =>
    create(bed, workload(kind, name, { namespace, place: { area: text } }))
  const first = await nodeWritesOf(bed, () => of('Deployment', 'alps-1', polygon(ALPS), NAMESPACE))
  t.strictSame(first, INSIDE_ALPS, 'a new area: one write for each node in it')
  const again = await nodeWritesOf(bed, async () => {
    await of('StatefulSet', 'alps-2', polygon(ALPS), 'labels-2')
    await of('Deployment', 'alps-3', REWRITTEN, NAMESPACE)
    await of('Deployment', 'alps-4', polygon(ALPS.toReversed()), 'labels-2')
  })
  t.strictSame(again, [], 'whoever asks the same, in whatever words: none')
}

/** Spain, Portugal and the south west of France. */
const IBERIA = [
  [-10, 36],
  [4, 36],
  [4, 44],
  [-10, 44],
  [-10, 36],
]
const INSIDE_IBERIA = ['es-barcelona-1', 'es-madrid-1', 'fr-toulouse-1']

async function mixed(t: Test, { bed }: Cloud): Promise<void> {
  const both = deployment('both', { area: polygon(IBERIA), nodes: '2' })
  const writes = await nodeWritesOf(bed, () => create(bed, both))
  t.strictSame(writes, INSIDE_IBERIA, 'a new area with a number: no node is written twice')
  const known = deployment('known', { area: polygon(IBERIA), nodes: '2' })
  t.equal((await nodeWritesOf(bed, () => create(bed, known))).length, 2, 'a known one: the number')
  const rows = '- country: US\n  nodes: 3\n- country: JP\n  nodes: 2\n- country: ES\n'
  const three = deployment('rows', { placement: rows })
  const chosen = await nodeWritesOf(bed, () => create(bed, three))
  t.equal(chosen.length, 5, 'rows of 3, of 2 and without a number: 5')
  t.ok(isUnique(chosen))
  const outside = deployment('outside', { continent: 'Oceania', area: '!eu' })
  const written = await nodeWritesOf(bed, () => create(bed, outside))
  t.ok(isUnique(written), 'an excluded area: each located node outside of it once')
  t.ok(written.length > 25 && written.length < 45, `${written.length} nodes are outside of the EU`)
  const none = await nodeWritesOf(bed, () =>
    create(bed, deployment('outside-2', { area: '!eu', continent: 'Africa' })),
  )
  t.strictSame(none, [], 'and never again')
}

/** Everything that EdgeNet's accounts write while something is done that should not concern them. */
async function changesOf(bed: Testbed, act: () => Promise<unknown>): Promise<string[]> {
  await caughtUp(bed)
  const mark = bed.audit.mark()
  await act()
  await caughtUp(bed)
  return words(changesSince(bed, mark))
}

async function nothing(t: Test, { bed, edgenet }: Cloud): Promise<void> {
  const manifests: KubeObject[] = [
    deployment('applied', { country: 'FR', nodes: '3' }, 3),
    workload('DaemonSet', 'applied', at({ place: { area: polygon(IBERIA), nodes: '2' } })),
    workload('StatefulSet', 'applied', at({ place: { near: '48.85,2.35', nodes: '2' } })),
  ]
  for (const manifest of manifests) await apply(bed, manifest)
  for (const manifest of manifests) await whenReported(bed, manifest, ({ ready }) => ready >= 2)
  const again = async () => {
    for (const manifest of manifests) {
      t.match(await apply(bed, manifest), { code: 0 })
      t.match(await apply(bed, manifest, '--server-side', '--force-conflicts'), { code: 0 })
    }
  }
  t.strictSame(await changesOf(bed, again), [], 'applied again, unchanged: no write')
  const preview = async () => {
    const fresh = deployment('preview', { country: 'DE', nodes: '3' }, 3)
    t.match(await apply(bed, fresh, '--dry-run=server'), { code: 0 })
  }
  t.strictSame(await changesOf(bed, preview), [], 'a preview: no write')
  const restart = async () => {
    await Promise.all([edgenet.controllers.restart(), edgenet.webhooks.restart()])
  }
  // A GeoArea says once a minute, and at a start, how many nodes are inside.
  const writes = (await changesOf(bed, restart)).filter((each) => !each.includes('/geoareas/'))
  t.strictSame(writes, [], 'EdgeNet restarted: no write')
}

async function collection(t: Test, { bed }: Cloud): Promise<void> {
  const near = { near: '35.6,139.7 within 800km' }
  const lone = deployment('lone', { ...near, nodes: '2' })
  const before = await ourKeys(bed)
  const made = await nodeWritesOf(bed, () => create(bed, lone))
  const keys = [...(await ourKeys(bed))].filter((key) => !before.has(key))
  t.equal(keys.length, 2, 'its area and its choice')
  await caughtUp(bed)
  const mark = bed.audit.mark()
  await bed.admin.delete(pathOf(lone))
  await gone(bed, pathOf(lone))
  const left = async () => {
    const all = await Promise.all(keys.map((key) => labelled(bed, key)))
    return all.every((nodes) => nodes.length === 0)
  }
  await until(left, { what: 'labels to be collected' })
  await caughtUp(bed)
  const writes = nodeWrites(bed, mark)
  t.strictSame([...new Set(writes)], made, 'a workload is gone: its labels are taken off')
  // Two labels that come due in the same turn go together, else one after the other.
  t.ok(writes.length <= made.length * keys.length, `each once: ${writes.length} writes`)
}

/** The keys of our placement labels on all nodes. */
async function ourKeys(bed: Testbed): Promise<Set<string>> {
  const nodes = await bed.admin.listAll(pathTo('nodes'))
  const keys = nodes.flatMap(({ metadata }) => Object.keys(metadata.labels ?? {}))
  return new Set(keys.filter((key) => key.startsWith(RESTRICTED)))
}

async function gone(bed: Testbed, path: string): Promise<void> {
  const missing = async () => {
    try {
      await bed.admin.get(path)
      return false
    } catch (error) {
      return isStatus(error, 404)
    }
  }
  await until(missing, { what: `${path} to be gone` })
}
