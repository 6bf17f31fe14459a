/**
 * The hooks' own logic, called in this process, on a mirror of a real API server: what they do before
 * the mirror is complete, with areas that came or went a moment ago, and with what is stored already.
 */
import t from 'tap'
import type { AdmissionRequest, KubeObject } from '../../core/admission/types.ts'
import { KINDS, type Kind } from '../../core/placement/types.ts'
import { pathTo } from '../../platform/kube/paths.ts'
import { decide } from '../../platform/server/decide.ts'
import { Caps } from '../../webhooks/caps.ts'
import { geoAreaHook } from '../../webhooks/geo-area.ts'
import { placementHook } from '../../webhooks/placement.ts'
import { View } from '../../webhooks/view.ts'
import { external, SAMPLE_URL } from '../charts/chart.ts'
import { workload } from '../charts/workloads.ts'
import { CHART, NAMESPACE } from '../testbed/edgenet.ts'
import { nodeObject } from '../testbed/fakenode.ts'
import { helm } from '../testbed/helm.ts'
import { startTestbed, until } from '../testbed/index.ts'

t.setTimeout(60_000)
const bed = await startTestbed({ components: ['etcd', 'kube-apiserver'], audit: false })
t.teardown(() => bed.stop())
const ca = Buffer.from(bed.pki.ca()).toString('base64')
const values = external(SAMPLE_URL, ca)
await helm(['install', 'edgenet', CHART, '-n', NAMESPACE, '--create-namespace', ...values], bed)
for (const kind of ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'] as const) {
  await bed.admin.delete(pathTo(kind, { name: 'edgenet' }))
}

// The guard lets nobody else say where a node is.
const controllers = `system:serviceaccount:${NAMESPACE}:edgenet-controllers`
await bed
  .clientFor(controllers, ['system:masters'])
  .create(pathTo('nodes'), nodeObject({ name: 'paris', country: 'FR', lat: 48.9, lon: 2.4 }, true))

const open = () => {
  const view = new View(bed.admin)
  const caps = new Caps(view)
  return { view, caps, placement: placementHook(view, caps), areas: geoAreaHook(view, caps) }
}
const { view, placement, areas } = open()
t.teardown(() => view.stop())

interface Change {
  readonly object?: KubeObject | null
  readonly old?: KubeObject | null
  readonly dryRun?: boolean
}

let requests = 0

function request(kind: string, { object = null, old = null, dryRun }: Change): AdmissionRequest {
  const { name, namespace } = (object ?? old)?.metadata ?? {}
  return {
    uid: `uid-${requests++}`,
    kind: { group: 'x', version: 'v1', kind },
    resource: { group: 'x', version: 'v1', resource: 'x' },
    operation: object === null ? 'DELETE' : old === null ? 'CREATE' : 'UPDATE',
    userInfo: { username: 'alice' },
    object,
    oldObject: old,
    ...(name !== undefined && { name }),
    ...(namespace !== undefined && { namespace }),
    ...(dryRun !== undefined && { dryRun }),
  } as AdmissionRequest
}

/** The answer of a hook: `ok` with its warnings, or the code of the refusal. */
async function answer(hook: typeof placement, kind: string, change: Change, ms = 4_000) {
  const { verdict } = await decide(hook, request(kind, change), ms)
  return verdict.allowed ? `ok ${(verdict.warnings ?? []).join('; ')}`.trim() : verdict.code
}

const asks = (
  place: Record<string, string>,
  kind: Kind = 'Deployment',
  name = 'web',
): KubeObject => {
  const annotations = Object.fromEntries(
    Object.entries(place).map(([key, value]) => [`edge-net.io/${key}`, value]),
  )
  const object = workload(kind, { name, annotations })
  return { ...object, metadata: { ...object.metadata, namespace: 'default' } }
}

const withMeta = (object: KubeObject, metadata: Partial<KubeObject['metadata']>): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, ...metadata },
})

const geoArea = (name: string, spec: unknown): KubeObject =>
  ({
    apiVersion: 'edge-net.io/v1alpha1',
    kind: 'GeoArea',
    metadata: { name },
    spec,
  }) as KubeObject

const create = (area: KubeObject) => bed.admin.create(pathTo('geoareas'), area)
const FRANCE = { countries: ['FR'] }

t.test('before the mirror is complete nothing is decided on it', async (t) => {
  const object = asks({ country: 'FR', nodes: '2' })
  t.equal(await answer(placement, 'Deployment', { object }, 200), 'EDGENET_TIMEOUT')
  const old = geoArea('eu', FRANCE)
  t.equal(await answer(areas, 'GeoArea', { old }, 200), 'EDGENET_TIMEOUT', 'nor a deletion')
  t.equal(await answer(placement, 'Deployment', { object: asks({}) }, 200), 'ok')
  t.equal(
    await answer(placement, 'Deployment', { object: asks({ country: 'Atlantis' }) }, 200),
    'EDGENET_COUNTRY_UNKNOWN',
    'what is wrong in any cluster is said at once',
  )
  const waiting = answer(placement, 'Deployment', { object })
  view.start()
  t.match(await waiting, /^ok .*1 matches now/, 'a request that came early is answered')
})

t.test('an area that was made or removed just now', async (t) => {
  const stored = await create(geoArea('alps', FRANCE))
  const object = asks({ area: 'alps' }, 'Deployment', 'alpine')
  const made = await answer(placement, 'Deployment', { object, dryRun: true })
  t.match(made, /^ok 1 node matches now/)
  t.notMatch(made, /no GeoArea/, 'the answer knows it too')
  t.equal(await answer(areas, 'GeoArea', { old: stored }), 'ok', 'a dry run uses nothing')
  t.match(await answer(placement, 'Deployment', { object }), /^ok/)
  t.equal(
    await answer(areas, 'GeoArea', { old: stored }),
    'EDGENET_AREA_IN_USE',
    'before anything is reported',
  )
  const unnamed = { ...request('GeoArea', { old: stored }), name: '' }
  t.match((await decide(areas, unnamed, 4_000)).verdict, { code: 'EDGENET_AREA_IN_USE' })
  const mirrored = () => [...view.areaNames()].includes('alps')
  await until(mirrored, { what: 'the mirror' })
  await bed.admin.delete(pathTo('geoareas', { name: 'alps' }))
  await until(() => !mirrored(), { what: 'the mirror' })
  t.equal(await answer(placement, 'Deployment', { object }), 'EDGENET_AREA_UNKNOWN')
  const image = { ...object, spec: { ...(object['spec'] as object), revisionHistoryLimit: 3 } }
  t.match(
    await answer(placement, 'Deployment', { object: image, old: object }),
    /^ok .*no GeoArea alps/,
    'an edit of something else goes on, and says so',
  )
  const other = asks({ area: 'alps, andes' }, 'Deployment', 'alpine')
  t.equal(
    await answer(placement, 'Deployment', { object: other, old: object }),
    'EDGENET_AREA_UNKNOWN',
    'but no further area that is not there',
  )
})

t.test('areas that cannot be read or referred to', async (t) => {
  const broken = await create(geoArea('broken', { geojson: { type: 'Polygon', coordinates: [] } }))
  const object = asks({ area: 'broken' })
  t.equal(await answer(placement, 'Deployment', { object }), 'EDGENET_AREA_UNREADABLE')
  t.match(await answer(areas, 'GeoArea', { object: broken }), /^EDGENET_GEO/)
  const freed = withMeta(broken, { finalizers: [] })
  t.equal(await answer(areas, 'GeoArea', { object: freed, old: broken }), 'ok', 'a finalizer goes')
  const edited = { ...broken, spec: { countries: ['XX'] } }
  t.equal(
    await answer(areas, 'GeoArea', { object: edited, old: broken }),
    'EDGENET_COUNTRY_UNKNOWN',
  )
  for (const name of ['0123456789abcdef0123', 'a'.repeat(56)]) {
    const area = geoArea(name, FRANCE)
    t.equal(await answer(areas, 'GeoArea', { object: area }), 'EDGENET_AREA_NAME_INVALID', name)
    t.match(await answer(areas, 'GeoArea', { object: area, old: geoArea(name, {}) }), /^ok/)
  }
})

t.test('what was stored past the rules stands in the way of nothing else', async (t) => {
  for (const kind of KINDS) {
    const stored = asks({ country: 'Atlantis' }, kind)
    const free = withMeta(stored, { finalizers: [], labels: { a: 'b' } })
    t.equal(await answer(placement, kind, { object: free, old: stored }), 'ok', `${kind}: a label`)
    const dying = withMeta(stored, { deletionTimestamp: '2026-01-01T00:00:00Z' })
    const changed = {
      ...asks({ country: 'Lemuria' }, kind),
      spec: { ...(stored['spec'] as object) },
    }
    t.equal(await answer(placement, kind, { object: changed, old: dying }), 'ok', `${kind}: dying`)
    t.equal(
      await answer(placement, kind, { object: asks({ country: 'Lemuria' }, kind), old: stored }),
      'EDGENET_COUNTRY_UNKNOWN',
      `${kind}: another mistake`,
    )
  }
})

t.test('hostile requests are answered', async (t) => {
  const object = asks({ country: 'FR' })
  const deep = JSON.parse(`${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`) as object
  const cases: [string, Change][] = [
    ['no template', { object: { ...object, spec: {} } }],
    ['a list for a spec', { object: { ...object, spec: [] } }],
    ['prototype keys', { object: { ...object, spec: JSON.parse('{"__proto__": {"a": 1}}') } }],
    ['nested too deep', { object: { ...object, spec: deep }, old: { ...object, spec: deep } }],
  ]
  for (const kind of [...KINDS, 'Nonsense', '__proto__', 'constructor']) {
    for (const [what, change] of cases) {
      t.match(await answer(placement, kind, change), /^(ok|EDGENET_[A-Z_]+)/, `${kind}: ${what}`)
    }
  }
})
