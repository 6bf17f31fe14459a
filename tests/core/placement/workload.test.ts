import t from 'tap'
import { demandOf } from '../../../core/placement/demand.ts'
import { controllerMade } from '../../../core/placement/injection/controller-made.ts'
import { markerText, parseMarker } from '../../../core/placement/injection/marker.ts'
import { MARKER } from '../../../core/placement/labels.ts'
import { KINDS, type Kind } from '../../../core/placement/types.ts'
import {
  placementAnnotations,
  podTemplate,
  templatePath,
} from '../../../core/placement/workload.ts'
import { admit, annotated, expression, requires, templateOf, workload } from './workloads.ts'

t.test('where the pod template is', async (t) => {
  for (const kind of KINDS) {
    const { spec, field } = podTemplate(kind, workload(kind))
    t.match(spec, { containers: [{ name: 'c' }] }, kind)
    t.equal(field, templatePath(kind).join('.'))
  }
  for (const object of [undefined, null, 5, 'x', [], {}, { spec: 5 }, { spec: { template: [] } }]) {
    t.throws(
      () => podTemplate('Deployment', object),
      { code: 'EDGENET_OBJECT_MALFORMED' },
      JSON.stringify(object),
    )
  }
})

t.test('annotations: of the workload, of the job template, of the pod template', async (t) => {
  const cron = (...places: (Record<string, string> | undefined)[]) => {
    const [own, job, pod] = places.map((each) => (each ? { annotations: annotated(each) } : {}))
    return {
      metadata: own,
      spec: { jobTemplate: { metadata: job, spec: { template: { metadata: pod, spec: {} } } } },
    }
  }
  const fr = { country: 'FR' }
  const other = { 'not-ours-at-all': 'x' }
  const field = (object: unknown) => placementAnnotations('CronJob', object)?.field
  t.equal(field(cron(fr, undefined, undefined)), 'metadata.annotations')
  t.equal(field(cron(other, fr, other)), 'spec.jobTemplate.metadata.annotations')
  t.equal(
    field(cron(undefined, undefined, fr)),
    'spec.jobTemplate.spec.template.metadata.annotations',
  )
  t.equal(field(cron(fr, fr, fr)), 'metadata.annotations')
  t.equal(field(cron(other)), undefined)
  const differ =
    (...places: Record<string, string>[]) =>
    () =>
      field(cron(...places))
  t.throws(differ({ ...fr, nodes: '2' }, fr), {
    code: 'EDGENET_ANNOTATIONS_DIFFER',
    field: 'spec.jobTemplate.metadata.annotations',
    message: /edge-net.io\/nodes differs/,
  })
  t.throws(differ(fr, fr, { country: 'fr', nodes: '1' }), {
    message: /edge-net.io\/country, edge-net.io\/nodes differ from/,
  })
  t.throws(differ(fr, { contry: 'FR' }), { code: 'EDGENET_ANNOTATION_UNKNOWN' })
})

const SERVICE_ACCOUNT = 'system:serviceaccount:kube-system:'
const MADE: [kind: string, owner: string, apiVersion: string, controller: string][] = [
  ['Job', 'CronJob', 'batch/v1', 'cronjob-controller'],
  ['ReplicaSet', 'Deployment', 'apps/v1', 'deployment-controller'],
  ['Pod', 'ReplicaSet', 'apps/v1', 'replicaset-controller'],
  ['Pod', 'StatefulSet', 'apps/v1', 'statefulset-controller'],
  ['Pod', 'DaemonSet', 'apps/v1', 'daemon-set-controller'],
  ['Pod', 'Job', 'batch/v1', 'job-controller'],
  ['Pod', 'ReplicationController', 'v1', 'replication-controller'],
]

t.test('made by a controller: the right owner and exactly its user', async (t) => {
  const made = (kind: string, owner: unknown, username: string) =>
    controllerMade({
      kind: { group: '', version: 'v1', kind },
      object: { metadata: { ownerReferences: owner === undefined ? undefined : [owner] } } as never,
      userInfo: { username },
    })
  for (const [kind, owner, apiVersion, controller] of MADE) {
    const reference = { kind: owner, apiVersion, name: 'x', uid: 'u', controller: true }
    const user = SERVICE_ACCOUNT + controller
    t.ok(made(kind, reference, user), `${kind} of ${owner}`)
    t.ok(made(kind, reference, 'system:kube-controller-manager'))
    for (const [, , , another] of MADE) {
      if (another !== controller)
        t.notOk(made(kind, reference, SERVICE_ACCOUNT + another), `not by ${another}`)
    }
    for (const forger of [
      'alice',
      'system:admin',
      `system:serviceaccount:tenant:${controller}`,
      `${user}x`,
      '',
      user.toUpperCase(),
    ]) {
      t.notOk(made(kind, reference, forger), `not by ${forger}`)
    }
    t.notOk(made(kind, { ...reference, controller: false }, user), 'an owner that is no controller')
    t.notOk(made(kind, { ...reference, controller: 'true' }, user))
    t.notOk(
      made(kind, { ...reference, apiVersion: `evil.io/${apiVersion}` }, user),
      'a kind of another group',
    )
    t.notOk(made(kind, undefined, user), 'no owner')
    t.notOk(made('StatefulSet', reference, user), 'another kind')
  }
  t.notOk(
    made(
      'Pod',
      { kind: 'CronJob', apiVersion: 'batch/v1', controller: true },
      `${SERVICE_ACCOUNT}cronjob-controller`,
    ),
  )
  const broken = [
    null,
    5,
    'x',
    {},
    [null],
    { ownerReferences: 'x' },
    { ownerReferences: [null, 5, {}] },
  ]
  for (const metadata of broken) {
    const request = {
      kind: { group: '', version: 'v1', kind: 'Pod' },
      object: { metadata } as never,
      userInfo: { username: 'x' },
    }
    t.notOk(controllerMade(request))
  }
  t.notOk(
    controllerMade({
      kind: { group: '', version: 'v1', kind: 'Pod' },
      object: null,
      userInfo: { username: 'x' },
    }),
  )
})

const container = (cpu: string, more: object = {}) => ({
  resources: { requests: { cpu } },
  ...more,
})
const sidecar = { restartPolicy: 'Always' }

t.test('requests, as the scheduler counts them', async (t) => {
  const cases: [string, Record<string, unknown>, Record<string, number>][] = [
    ['nothing', {}, {}],
    ['containers add up', { containers: [container('100m'), container('0.2')] }, { cpu: 300 }],
    [
      'start needs more',
      { containers: [container('100m')], initContainers: [container('1'), container('2')] },
      { cpu: 2000 },
    ],
    [
      'sidecars run on',
      { containers: [container('100m')], initContainers: [container('50m', sidecar)] },
      { cpu: 150 },
    ],
    [
      'an init container beside earlier sidecars',
      {
        containers: [container('100m')],
        initContainers: [container('50m', sidecar), container('200m'), container('70m', sidecar)],
      },
      { cpu: 250 },
    ],
    [
      'a sidecar that comes later does not count',
      {
        containers: [container('10m')],
        initContainers: [container('200m'), container('50m', sidecar)],
      },
      { cpu: 200 },
    ],
    [
      'overhead',
      { containers: [container('100m')], overhead: { cpu: '10m', memory: '1Ki' } },
      { cpu: 110, memory: 1024 },
    ],
    [
      'limits stand in',
      {
        containers: [
          { resources: { limits: { cpu: '1', memory: '1Mi' }, requests: { cpu: '500m' } } },
        ],
      },
      { cpu: 500, memory: 2 ** 20 },
    ],
    [
      'the pod as a whole',
      {
        containers: [container('100m')],
        resources: { requests: { cpu: '1' }, limits: { cpu: '2', memory: '1Mi' } },
      },
      { cpu: 1000, memory: 2 ** 20 },
    ],
    [
      'other resources',
      {
        containers: [
          { resources: { requests: { 'nvidia.com/gpu': '2', 'ephemeral-storage': '1Gi' } } },
        ],
      },
      { 'nvidia.com/gpu': 2, 'ephemeral-storage': 2 ** 30 },
    ],
    ['zero', { containers: [container('0')] }, {}],
  ]
  for (const [name, spec, requests] of cases) t.same(demandOf(spec).requests, requests, name)
  const wrong = demandOf.bind(null, { containers: [container('100m'), container('lots')] })
  t.throws(wrong, {
    code: 'EDGENET_QUANTITY_INVALID',
    field: 'spec.containers[1].resources.requests[cpu]',
  })
  t.throws(() => demandOf({ containers: [container('-1')] }), { code: 'EDGENET_QUANTITY_INVALID' })
  for (const spec of [
    { containers: 5 },
    { containers: [5] },
    { containers: [{ resources: 5 }] },
    { tolerations: {} },
    { overhead: [] },
  ]) {
    t.throws(() => demandOf(spec), { code: 'EDGENET_OBJECT_MALFORMED' }, JSON.stringify(spec))
  }
  const hostile = JSON.parse(
    '{"containers":[{"resources":{"requests":{"__proto__":"1","constructor":"2"}}}]}',
  )
  t.same(Object.entries(demandOf(hostile).requests), [
    ['__proto__', 1],
    ['constructor', 2],
  ])
})

t.test('what else pods demand, without what admission put in', async (t) => {
  const disk = { matchExpressions: [expression('disk', 'ssd')] }
  const spec = {
    affinity: requires([disk]),
    nodeSelector: { gpu: 'yes', odd: 5 },
    tolerations: [{ key: 'k', operator: 'Exists', tolerationSeconds: 5 }],
  }
  for (const kind of ['Deployment', 'CronJob', 'Pod'] satisfies Kind[]) {
    const stored = admit(kind, workload(kind, { spec, annotations: { country: 'FR', nodes: '2' } }))
    const { metadata, spec: podSpec } = templateOf(kind, stored)
    const demand = demandOf(podSpec, parseMarker(markerText(metadata)))
    t.same(demand.affinity, [disk], kind)
    t.same(demand.nodeSelector, { gpu: 'yes' })
    t.same(demand.tolerations, [{ key: 'k', operator: 'Exists' }])
  }
  const ours = admit('Pod', workload('Pod', { annotations: { country: 'FR' } }))
  const { metadata, spec: podSpec } = templateOf('Pod', ours)
  t.notOk('affinity' in demandOf(podSpec, parseMarker(markerText(metadata))), 'none of the user’s')
  t.equal(demandOf({ nodeName: 'n1' }).nodeName, 'n1')
})

t.test('a marker is read only if we could have written it', async (t) => {
  const stored = admit(
    'Deployment',
    workload('Deployment', { annotations: { country: 'FR', area: '!alps,eu', nodes: '2' } }),
  )
  const text = markerText(templateOf('Deployment', stored).metadata) ?? ''
  t.ok(parseMarker(text))
  const but = (
    change: (
      marker: { [key: string]: never } & { rows: { [key: string]: unknown; terms: unknown[][] }[] },
    ) => void,
  ) => {
    const marker = JSON.parse(text)
    change(marker)
    return parseMarker(JSON.stringify(marker))
  }
  const terms = (...requirements: unknown[]) =>
    but(({ rows }) => {
      if (rows[0]) rows[0].terms = [requirements]
    })
  t.ok(terms(expression('edge-net.io/city', 'Paris')))
  t.equal(terms(), undefined, 'an empty alternative')
  for (const key of [
    'disk',
    'edge-net.io/pool',
    'edge-net.io/lost',
    'kubernetes.io/hostname',
    'edge-net.node-restriction.kubernetes.io/x',
    '__proto__',
    5,
  ]) {
    t.equal(terms({ key, operator: 'Exists' }), undefined, `label ${key}`)
  }
  t.equal(terms({ key: 'edge-net.io/city', operator: 'DoesNotExist' }), undefined)
  t.equal(terms({ key: 'edge-net.io/city', operator: 'In', values: [5] }), undefined)
  t.equal(
    but((marker) => Object.assign(marker, { v: 2 })),
    undefined,
  )
  t.equal(
    but((marker) => Object.assign(marker, { base: 'x' })),
    undefined,
  )
  t.equal(
    but((marker) => Object.assign(marker, { salt: 5 })),
    undefined,
  )
  t.equal(
    but((marker) => Object.assign(marker, { spread: [{ topologyKey: 'zone' }] })),
    undefined,
  )
  t.equal(
    but(({ rows }) => {
      if (rows[0]) rows[0]['use'] = 'disk'
    }),
    undefined,
  )
  t.equal(
    but(({ rows }) => {
      if (rows[0]) rows[0]['id'] = 'x'
    }),
    undefined,
  )
  t.equal(
    but(({ rows }) => {
      rows.push(...Array.from({ length: 64 }, () => structuredClone(rows[0] as never)))
    }),
    undefined,
  )
  for (const odd of [
    undefined,
    '',
    '{',
    'null',
    '5',
    '[]',
    '{}',
    '{"v":1}',
    '['.repeat(300_000),
    `"${'x'.repeat(300_000)}"`,
  ]) {
    t.equal(parseMarker(odd), undefined)
  }
  t.equal(markerText({ annotations: { [MARKER]: 5 } }), undefined)
})
