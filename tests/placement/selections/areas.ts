/** The life of a GeoArea: made, edited under running workloads, kept while in use, deleted. */
import type { Test } from 'tap'
import type { KubeObject } from '../../../core/admission/types.ts'
import { RESTRICTED } from '../../../core/placement/labels.ts'
import { until } from '../../testbed/index.ts'
import {
  apply,
  type Cloud,
  create,
  labelled,
  namespaces,
  nodesOf,
  pathOf,
  podsOf,
  whenReported,
  whenRunning,
  workload,
} from '../support.ts'
import { type Box, inBox, polygonOf, TABLE } from './world.ts'

const NAMESPACE = 'areas'
const WEST: Box = { south: 32, north: 50, west: -130, east: -110 }
/** Without Stanford, with the middle. */
const NORTH: Box = { south: 41, north: 50, west: -130, east: -80 }

const area = (name: string, spec: object): KubeObject => ({
  apiVersion: 'edge-net.io/v1alpha1',
  kind: 'GeoArea',
  metadata: { name },
  spec,
})

const inside = (box: Box) =>
  TABLE.filter(inBox(box))
    .map(({ name }) => name)
    .sort()

export async function geoAreas(t: Test, cloud: Cloud): Promise<void> {
  await namespaces(cloud.bed, NAMESPACE)
  t.jobs = 2
  t.test('edited while in use', (t) => edited(t, cloud))
  t.test('wrong ones are refused', (t) => wrong(t, cloud))
}

async function edited(t: Test, { bed }: Cloud): Promise<void> {
  const coast = area('coast', { geojson: polygonOf(WEST) })
  const made = await apply(bed, coast)
  t.equal(made.code, 0)
  t.match(made.stderr, new RegExp(`Warning: ${inside(WEST).length} of \\d+ nodes are in coast now`))
  const probe = workload('DaemonSet', 'probe', { namespace: NAMESPACE, place: { area: 'coast' } })
  const pair = workload('Deployment', 'pair', {
    namespace: NAMESPACE,
    place: { area: 'coast', nodes: '2' },
    replicas: 2,
  })
  const stored = [await create(bed, probe), await create(bed, pair)]
  const probes = await whenRunning(bed, 'probe', inside(WEST).length, NAMESPACE)
  t.strictSame(nodesOf(probes), ['us-seattle-1', 'us-stanford-1'])
  const pairs = await whenRunning(bed, 'pair', 2, NAMESPACE)
  t.strictSame(nodesOf(pairs), nodesOf(probes))
  await inUse(t, bed, ['daemonset-probe', 'deployment-pair'])

  t.equal((await apply(bed, area('coast', { geojson: polygonOf(NORTH) }))).code, 0)
  await until(
    async () => nodesOf(await podsOf(bed, 'probe', NAMESPACE)).join() === inside(NORTH).join(),
    { what: 'the probes to follow the area' },
  )
  t.strictSame(await labelled(bed, `${RESTRICTED}area-coast`), inside(NORTH))
  const after = await whenRunning(bed, 'probe', inside(NORTH).length, NAMESPACE)
  const uidOn = (pods: typeof after, node: string) =>
    pods.find(({ spec }) => spec?.nodeName === node)?.metadata?.uid
  t.equal(uidOn(after, 'us-seattle-1'), uidOn(probes, 'us-seattle-1'), 'a pod inside both stays')
  const moved = await whenReported(bed, pair, ({ rows }) =>
    Boolean(rows[0]?.nodes?.every((name) => inside(NORTH).includes(name))),
  )
  t.match(moved, { missing: 0, lastMove: { from: 'us-stanford-1' } })
  const ids = (pods: typeof after) => pods.map(({ metadata }) => metadata?.uid).sort()
  t.strictSame(ids(await podsOf(bed, 'pair', NAMESPACE)), ids(pairs), 'no pod is restarted')
  for (const before of stored) {
    const now = await bed.admin.get(pathOf(before))
    t.equal(now.metadata.generation, before.metadata.generation, 'no template has changed')
  }
  await gone(t, bed, stored)
}

async function inUse(t: Test, bed: Cloud['bed'], users: readonly string[]): Promise<void> {
  // Users are known by their Placements, which are there a moment later.
  for (const name of users) {
    await until(
      () => bed.admin.get(`/apis/edge-net.io/v1alpha1/namespaces/${NAMESPACE}/placements/${name}`),
      {
        what: `Placement ${name}`,
      },
    )
  }
  const said = async () => {
    const { code, stderr } = await bed.kubectl(['delete', 'geoarea', 'coast', '--dry-run=server'])
    return code === 1 && users.every((name) => stderr.includes(name)) && stderr
  }
  const stderr = await until(said, { what: 'the refusal to name all users' })
  t.match(
    stderr,
    /GeoArea coast is used by 2 workloads \(Placements .*\): change or delete them first/,
  )
  t.match(stderr, /\[EDGENET_AREA_IN_USE\]/)
  t.equal((await bed.kubectl(['delete', 'geoarea', 'coast'])).code, 1)
  t.ok(await bed.admin.get('/apis/edge-net.io/v1alpha1/geoareas/coast'))
}

async function gone(t: Test, bed: Cloud['bed'], users: readonly KubeObject[]): Promise<void> {
  for (const user of users) {
    await bed.admin.delete(pathOf(user), { propagationPolicy: 'Background' })
  }
  const deleted = async () => (await bed.kubectl(['delete', 'geoarea', 'coast'])).code === 0
  t.ok(await until(deleted, { what: 'the area to be free' }))
  const left = async () => (await labelled(bed, `${RESTRICTED}area-coast`)).length === 0
  t.ok(await until(left, { what: 'its labels to be collected' }))
}

async function wrong(t: Test, { bed }: Cloud): Promise<void> {
  const geojson = polygonOf(WEST)
  const table: readonly (readonly [name: string, spec: object, says: RegExp])[] = [
    ['both', { geojson, countries: ['FR'] }, /exactly one of geojson and countries/],
    ['neither', {}, /exactly one of geojson and countries/],
    ['nobody', { countries: [] }, /spec\.countries/],
    [
      'nowhere',
      { countries: ['FR', 'XX'] },
      /spec\.countries\[1\]: .*there is no country "XX".*EDGENET_COUNTRY_UNKNOWN/,
    ],
    [
      'open',
      {
        geojson: {
          type: 'Polygon',
          coordinates: [
            [
              [0, 0],
              [1, 0],
              [1, 1],
              [0, 1],
            ],
          ],
        },
      },
      /spec\.geojson: .*is not closed.*EDGENET_GEOMETRY_UNCLOSED/,
    ],
    ['a'.repeat(51), { geojson }, /at most 50 characters/],
    ['0123456789abcdef0123', { geojson }, /reserved/],
  ]
  for (const [name, spec, says] of table) {
    const { code, stderr } = await apply(bed, area(name, spec))
    t.equal(code, 1, name)
    t.match(stderr, says)
  }
  const broken = await apply(bed, area('iberia', { countries: ['XX'] }))
  t.equal(broken.code, 1, 'nor can a right one be made wrong')
  const names = (await bed.admin.listAll('/apis/edge-net.io/v1alpha1/geoareas')).map(
    ({ metadata }) => metadata.name,
  )
  t.notOk(table.some(([name]) => names.includes(name)))
}
