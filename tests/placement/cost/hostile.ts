/** Objects made to break who reads them, through the real API server. */
import type { Test } from 'tap'
import type { KubeObject } from '../../../core/admission/types.ts'
import { MARKER, PREFIX, RESTRICTED } from '../../../core/placement/labels.ts'
import { ApiError } from '../../../platform/kube/client.ts'
import { pathTo } from '../../../platform/kube/paths.ts'
import { forEachParallel } from '../../../platform/parallel.ts'
import type { Testbed } from '../../testbed/index.ts'
import { type Cloud, create, namespaces, pathOf, workload } from '../support.ts'
import { caughtUp } from './account.ts'
import { type Answer, circle, collections, GRAMMAR, NAMESPACE } from './hostile-annotations.ts'

export async function hostile(t: Test, { bed, edgenet }: Cloud): Promise<void> {
  await namespaces(bed, NAMESPACE)
  const pids = () => [edgenet.webhooks.pid(), edgenet.controllers.pid()]
  const before = pids()
  const parts = { annotations, stored, large, areas, nodes }
  for (const [name, part] of Object.entries(parts)) {
    await t.test(name, async (t) => {
      await part(t, bed)
      await caughtUp(bed)
      t.strictSame(pids(), before, 'both processes live and work')
    })
  }
  for (const url of [edgenet.urls.webhooksOps, edgenet.urls.controllersOps]) {
    t.equal((await fetch(`${url}/readyz`)).status, 200)
  }
}

async function annotations(t: Test, bed: Testbed): Promise<void> {
  for (const [what, [object, wanted]] of Object.entries(GRAMMAR)) {
    const { answer, message } = await outcome(create(bed, object))
    t.ok([wanted].flat().includes(answer), `${what}: ${answer} ${message.slice(0, 300)}`)
    if (answer === 'ok') await bed.admin.delete(pathOf(object))
  }
}

/** Rows that no selection of ours could have made, on the label of somebody else. */
const MARKERS: Readonly<Record<string, unknown>> = {
  'many rows': {
    v: 1,
    base: 'none',
    spread: [],
    rows: Array.from({ length: 2_000 }, (_, i) => ({ id: `${i}`.padStart(20, '0'), terms: [] })),
  },
  'labels of others': {
    v: 1,
    base: 'none',
    spread: [],
    rows: [
      {
        id: '0'.repeat(20),
        use: `${RESTRICTED}use-x-${'0'.repeat(20)}`,
        terms: [[{ key: `${RESTRICTED}use-x-${'0'.repeat(20)}`, operator: 'Exists' }]],
      },
    ],
  },
  'prototype keys': { v: 1, base: 'constructor', __proto__: null, rows: { length: 1e9 } },
}

/** In kube-system the webhooks are not asked: what is stored there reaches the controllers as it is. */
async function stored(t: Test, bed: Testbed): Promise<void> {
  const objects = Object.values(GRAMMAR).map(([object], i) => elsewhere(object, `hostile-${i}`))
  const forged = Object.values(MARKERS).map((marker, i) =>
    workload('Deployment', `forged-${i}`, {
      namespace: NAMESPACE,
      templatePlace: { [MARKER.slice(PREFIX.length)]: JSON.stringify(marker) },
      replicas: 0,
    }),
  )
  const made: KubeObject[] = []
  await forEachParallel([...objects, ...forged], 8, async (object) => {
    const { answer } = await outcome(create(bed, object))
    if (answer === 'ok') made.push(object)
  })
  t.ok(made.length > 25, `${made.length} objects were stored`)
  await caughtUp(bed)
  await forEachParallel(made, 8, async (object) => {
    await bed.admin.delete(pathOf(object))
  })
}

const elsewhere = (object: KubeObject, name: string): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, name, namespace: 'kube-system' },
})

/** A Deployment of about so many bytes. */
function deployment(bytes: number): KubeObject {
  const env = Array.from({ length: 100 }, (_, i) => ({
    name: `E${i}`,
    value: 'x'.repeat(bytes / 100),
  }))
  const containers = [{ name: 'c', image: 'none', env }]
  return workload('Deployment', 'large', {
    namespace: NAMESPACE,
    place: { country: 'FR', nodes: '2' },
    replicas: 0,
    pod: { containers },
  })
}

async function large(t: Test, bed: Testbed): Promise<void> {
  const tooLarge = await outcome(create(bed, deployment(3_500_000)))
  t.equal(tooLarge.answer, 413, 'more than the API server takes')
  const path = pathOf(deployment(0), true)
  const preview = bed.admin.create(path, deployment(3_000_000), { dryRun: 'All' })
  t.equal((await outcome(preview)).answer, 'ok', '3 MB are looked at')
  const refused = await outcome(create(bed, deployment(3_000_000)))
  t.match(refused.message, /etcd|larger than max/, 'and refused by the storage alone')
  t.equal((await outcome(create(bed, deployment(1_400_000)))).answer, 'ok')
  const update = bed.admin.update(pathOf(deployment(0)), deployment(1_390_000))
  t.equal((await outcome(update)).answer, 'ok', 'both the old and the new object are large')
  await bed.admin.delete(pathOf(deployment(0)))
}

const geoArea = (geojson: unknown): KubeObject => ({
  apiVersion: 'edge-net.io/v1alpha1',
  kind: 'GeoArea',
  metadata: { name: 'hostile' },
  spec: { geojson },
})

/** The API server's own limit is 10,000. */
const DEEP = 9_000

const AREAS: Readonly<Record<string, readonly [unknown, readonly Answer[]]>> = {
  '200 kB': [JSON.parse(circle(9_000)), ['ok']],
  'more positions than are allowed': [
    JSON.parse(circle(62_000)),
    ['EDGENET_GEOMETRY_TOO_LARGE', 'EDGENET_GEOMETRY_TOO_MANY_VERTICES'],
  ],
  'prototype keys': [JSON.parse('{"__proto__":{"type":"Polygon"}}'), [422]],
  'deep collections': [JSON.parse(collections(2_000)), ['EDGENET_GEOMETRY_TOO_DEEP']],
  'huge numbers': [
    {
      type: 'Polygon',
      coordinates: [
        [
          [0, 0],
          [1e300, 0],
          [0, -1e300],
          [0, 0],
        ],
      ],
    },
    ['EDGENET_GEOMETRY_RANGE'],
  ],
}

async function areas(t: Test, bed: Testbed): Promise<void> {
  for (const [what, [geojson, wanted]] of Object.entries(AREAS)) {
    const { answer, message } = await outcome(create(bed, geoArea(geojson)))
    t.ok(wanted.includes(answer), `${what}: ${answer} ${message.slice(0, 300)}`)
    if (answer === 'ok') await bed.admin.delete(pathOf(geoArea(geojson)))
  }
  // As text: nested too deep for whoever builds it of objects.
  const deep = `{"type":"Polygon","coordinates":${'['.repeat(DEEP)}${']'.repeat(DEEP)}}`
  const input = JSON.stringify(geoArea('here')).replace('"here"', deep)
  const { code, stderr } = await bed.kubectl(['create', '--validate=false', '-f', '-'], { input })
  t.equal(code, 1)
  t.match(stderr, /spec.geojson: .* must be a position/, 'deep positions')
}

/** Where a node says that it is. */
const LOCATIONS = [
  '['.repeat(100_000),
  '{"__proto__":{"lat":1,"lon":1},"constructor":1}',
  `{"lat":${'9'.repeat(300)},"lon":1e999}`,
  '{"lat":1,"lon":2,"city":"\ud800","country":"\u0000"}',
  `{"lat":1,"lon":2,"country":"constructor","city":"${'ß'.repeat(100_000)}"}`,
]

async function nodes(t: Test, bed: Testbed): Promise<void> {
  const path = pathTo('nodes', { name: 'unlocated-1' })
  const say = (location: string | null) =>
    bed.admin.patch(
      path,
      { metadata: { annotations: { [`${PREFIX}location`]: location } } },
      'merge',
    )
  for (const location of LOCATIONS) {
    await say(location)
    await caughtUp(bed)
  }
  await say(null)
  const { metadata } = await bed.admin.get(path)
  t.notOk(metadata.labels?.[`${PREFIX}country-iso`], 'it is nowhere')
}

async function outcome(call: Promise<unknown>): Promise<{ answer: Answer; message: string }> {
  try {
    await call
    return { answer: 'ok', message: '' }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const code = /EDGENET_\w+/.exec(error.message)?.[0] as `EDGENET_${string}` | undefined
    return { answer: code ?? error.status, message: error.message }
  }
}
