import t from 'tap'
import { inject } from '../../../core/placement/injection/inject.ts'
import { parseMarker } from '../../../core/placement/injection/marker.ts'
import { MARKER } from '../../../core/placement/labels.ts'
import { LIMITS } from '../../../core/placement/limits.ts'
import { KINDS, type Kind } from '../../../core/placement/types.ts'
import {
  admit,
  edited,
  expression,
  type Json,
  markerOf,
  REQUIRED,
  requires,
  templateOf,
  termsIn,
  withAnnotations,
  workload,
} from './workloads.ts'

const FR = { country: 'FR' }
const FR_AND_DE = { placement: '- country: FR\n  nodes: 3\n- country: DE\n  nodes: 2' }
const OR = { placement: '- country: FR\n- country: DE' }
const disk = expression('disk', 'ssd')
const zone = expression('zone', 'a', 'b')
const field = { key: 'metadata.name', operator: 'In', values: ['n1'] }

const spreadOf = (kind: Kind, object: ReturnType<typeof workload>) =>
  templateOf(kind, object).spec['topologySpreadConstraints'] as Json[] | undefined

for (const kind of KINDS) {
  t.test(`${kind}: put in, kept, and taken out`, async (t) => {
    const plain = workload(kind)
    const stored = admit(kind, workload(kind, { annotations: FR }))
    t.same(termsIn(kind, stored), ['country-iso In FR'])
    t.ok(parseMarker(markerOf(kind, stored)), 'the marker can be read')
    t.equal(admit(kind, stored), stored, 'a further call changes nothing')
    t.equal(admit(kind, stored, { stored }), stored, 'an update changes nothing')
    if (kind === 'Pod' || kind === 'Job') return
    t.same(admit(kind, withAnnotations(stored, undefined), { stored }), plain, 'exactly as it was')
    const other = admit(kind, withAnnotations(stored, { country: 'DE, AT' }), { stored })
    t.same(termsIn(kind, other), ['country-iso In AT,DE'])
    const late = admit(kind, withAnnotations(plain, FR), { stored: plain })
    t.same(late, stored, 'annotations that come later do the same')
  })
}

t.test('the user’s affinity', async (t) => {
  const cases: [string, Json | undefined, string[]][] = [
    ['none', undefined, ['country-iso In FR']],
    ['an empty object', {}, ['country-iso In FR']],
    ['an empty node affinity', { nodeAffinity: {} }, ['country-iso In FR']],
    ['for pods only', { podAffinity: { x: 1 } }, ['country-iso In FR']],
    ['preferred only', { nodeAffinity: { preferred: [] } }, ['country-iso In FR']],
    ['one term', requires([{ matchExpressions: [disk] }]), ['disk In ssd & country-iso In FR']],
    [
      'fields',
      requires([{ matchFields: [field] }]),
      ['country-iso In FR & field metadata.name In n1'],
    ],
    [
      'two terms',
      requires([{ matchExpressions: [disk] }, { matchExpressions: [zone] }]),
      ['disk In ssd & country-iso In FR', 'zone In a,b & country-iso In FR'],
    ],
    [
      'equal terms',
      requires([{ matchExpressions: [disk] }, { matchExpressions: [disk] }]),
      ['disk In ssd & country-iso In FR', 'disk In ssd & country-iso In FR'],
    ],
    ['an empty term', requires([{}]), ['']],
    [
      'an empty term among others',
      requires([{}, { matchExpressions: [disk] }, {}]),
      ['', 'disk In ssd & country-iso In FR', ''],
    ],
    [
      'our own expression',
      requires([{ matchExpressions: [expression('edge-net.io/country-iso', 'FR')] }]),
      ['country-iso In FR & country-iso In FR'],
    ],
    ['no term', requires([]), []],
  ]
  for (const [name, affinity, terms] of cases) {
    const spec = affinity === undefined ? {} : { affinity }
    const plain = workload('Deployment', { spec })
    const stored = admit('Deployment', withAnnotations(plain, FR))
    t.same(termsIn('Deployment', stored), terms, name)
    t.equal(admit('Deployment', stored, { stored }), stored, `${name}: kept`)
    t.same(
      admit('Deployment', withAnnotations(stored, undefined), { stored }),
      plain,
      `${name}: restored`,
    )
  }
})

t.test('several rows: the product with the user’s terms', async (t) => {
  const spec = {
    affinity: requires([{ matchExpressions: [disk] }, {}, { matchExpressions: [zone] }]),
  }
  const stored = admit('Deployment', workload('Deployment', { spec, annotations: OR }))
  t.same(termsIn('Deployment', stored), [
    'disk In ssd & country-iso In FR',
    'disk In ssd & country-iso In DE',
    '',
    'zone In a,b & country-iso In FR',
    'zone In a,b & country-iso In DE',
  ])
  const counted = admit('Deployment', workload('Deployment', { annotations: FR_AND_DE }))
  t.same(termsIn('Deployment', counted), [
    'country-iso In FR & use-web-# Exists',
    'country-iso In DE & use-web-# Exists',
  ])
  const uses = parseMarker(markerOf('Deployment', counted))?.rows.map(({ use }) => use)
  t.equal(new Set(uses).size, 2, 'a choice label for each row')

  const many = requires(
    Array.from({ length: 33 }, (_, i) => ({ matchExpressions: [expression(`k${i}`)] })),
  )
  t.throws(
    () =>
      admit('Deployment', workload('Deployment', { spec: { affinity: many }, annotations: OR })),
    {
      code: 'EDGENET_TOO_MANY_TERMS',
      message: /33 terms with 2 alternatives .* 66, at most 64/,
    },
  )
})

t.test('at creation', async (t) => {
  const spec = { affinity: requires([{ matchExpressions: [disk] }]) }
  const stored = admit('Deployment', workload('Deployment', { spec, annotations: FR_AND_DE }))
  const copy = withAnnotations(
    { ...stored, metadata: { ...stored.metadata, name: 'copy' } },
    { city: 'Paris' },
  )
  const plain = workload('Deployment', { spec, annotations: { city: 'Paris' }, name: 'copy' })
  t.same(admit('Deployment', copy), admit('Deployment', plain), 'a copied manifest is made anew')
  const bare = withAnnotations(stored, undefined)
  t.equal(
    admit('Deployment', bare),
    bare,
    'with a marker and without annotations nothing is touched',
  )

  const forged = { v: 1, base: 'none', spread: [], rows: [{ id: 'a'.repeat(20), terms: [[disk]] }] }
  const attack = workload('Deployment', {
    spec,
    annotations: FR,
    templateAnnotations: { [MARKER]: JSON.stringify(forged) },
  })
  t.same(
    termsIn('Deployment', admit('Deployment', attack)),
    ['disk In ssd & country-iso In FR'],
    'a marker takes out nothing but ours',
  )
})

t.test('no update without need', async (t) => {
  const stored = admit('Deployment', workload('Deployment', { annotations: { ...FR, nodes: '3' } }))
  const image = edited('Deployment', stored, (spec) =>
    Object.assign(spec, { containers: [{ name: 'c', image: 'j' }] }),
  )
  t.equal(admit('Deployment', image, { stored }), image)
  const asOf = (text: string) =>
    edited('Deployment', stored, (_, annotations) => {
      annotations[MARKER] = text
    })
  const older = JSON.parse(markerOf('Deployment', stored) ?? '')
  older.spread[0].matchLabelKeys = undefined
  older.rows[0].terms[0].push(expression('edge-net.io/city'))
  const made = edited('Deployment', asOf(JSON.stringify(older)), (spec) => {
    spec['affinity'] = requires([{ matchExpressions: older.rows[0].terms[0] }])
    spec['topologySpreadConstraints'] = JSON.parse(JSON.stringify(older.spread))
  })
  t.equal(admit('Deployment', made, { stored: made }), made, 'what another version wrote stays')

  const daemons = admit('DaemonSet', workload('DaemonSet', { annotations: { ...FR, nodes: '3' } }))
  const more = withAnnotations(daemons, { ...FR, nodes: '5' })
  t.equal(
    admit('DaemonSet', more, { stored: daemons }),
    more,
    'another count changes no template of a DaemonSet',
  )
  const all = admit('DaemonSet', withAnnotations(daemons, FR), { stored: daemons })
  t.same(termsIn('DaemonSet', all), ['country-iso In FR'], 'without a count there is no choice')

  const rows = admit('DaemonSet', workload('DaemonSet', { annotations: OR }))
  const turned = withAnnotations(rows, { placement: '- country: DE\n- country: FR' })
  t.equal(admit('DaemonSet', turned, { stored: rows }), turned, 'the order of rows does not matter')
})

t.test('damage is repaired', async (t) => {
  const spec = { affinity: requires([{ matchExpressions: [disk] }, { matchExpressions: [zone] }]) }
  const kind = 'Deployment'
  const stored = admit(kind, workload(kind, { spec, annotations: FR_AND_DE }))
  type Terms = { matchExpressions: unknown[] }[]
  const terms = (podSpec: Json) =>
    ((podSpec['affinity'] as Json)['nodeAffinity'] as Json)[REQUIRED] as {
      nodeSelectorTerms: Terms
    }
  const cases: [string, (spec: Json, annotations: Record<string, string>) => void][] = [
    [
      'affinity gone',
      (s) => {
        s['affinity'] = structuredClone(spec.affinity)
      },
    ],
    [
      'marker gone',
      (_, annotations) => {
        delete annotations[MARKER]
      },
    ],
    [
      'marker and affinity gone',
      (s, annotations) => {
        delete annotations[MARKER]
        s['affinity'] = structuredClone(spec.affinity)
      },
    ],
    [
      'marker broken',
      (_, annotations) => {
        annotations[MARKER] = '{'
      },
    ],
    [
      'a term gone',
      (s) => {
        terms(s).nodeSelectorTerms.splice(1, 1)
      },
    ],
    [
      'the first term gone',
      (s) => {
        terms(s).nodeSelectorTerms.splice(0, 1)
      },
    ],
    [
      'a fact gone',
      (s) => {
        terms(s).nodeSelectorTerms[0]?.matchExpressions.splice(1, 1)
      },
    ],
    [
      'a choice gone',
      (s) => {
        terms(s).nodeSelectorTerms[3]?.matchExpressions.splice(2, 1)
      },
    ],
    [
      'ours gone from a term',
      (s) => {
        terms(s).nodeSelectorTerms[0]?.matchExpressions.splice(1, 2)
      },
    ],
    [
      'order turned',
      (s) => {
        terms(s).nodeSelectorTerms[0]?.matchExpressions.reverse()
      },
    ],
    [
      'terms swapped',
      (s) => {
        terms(s).nodeSelectorTerms.reverse()
      },
    ],
    [
      'spread gone',
      (s) => {
        delete s['topologySpreadConstraints']
      },
    ],
    [
      'spread changed',
      (s) => {
        s['topologySpreadConstraints'] = []
      },
    ],
  ]
  for (const [name, change] of cases) {
    const changed = edited(kind, stored, change)
    const got = admit(kind, changed, { stored })
    if (name === 'order turned') t.equal(got, changed, 'an order turned inside a term is no damage')
    else if (name === 'terms swapped') {
      t.same(termsIn(kind, got)?.toSorted(), termsIn(kind, stored)?.toSorted(), name)
    } else t.same(got, stored, name)
    const gone = admit(kind, withAnnotations(got, undefined), { stored: got })
    t.same(termsIn(kind, gone)?.toSorted(), ['disk In ssd', 'zone In a,b'], `${name}: and removed`)
    t.equal(markerOf(kind, gone), undefined)
  }

  const alone = admit(kind, workload(kind, { annotations: { ...FR, area: 'eu' } }))
  const cut = edited(kind, alone, (s) => {
    terms(s).nodeSelectorTerms[0]?.matchExpressions.splice(0, 1)
  })
  t.same(admit(kind, cut, { stored: alone }), alone, 'without terms of the user too')
  const emptied = edited(kind, alone, (s) => {
    terms(s).nodeSelectorTerms.splice(0, 1)
  })
  t.same(admit(kind, emptied, { stored: alone }), alone, 'an emptied list')
  const all = edited(kind, alone, (s) => {
    delete s['affinity']
  })
  t.same(admit(kind, all, { stored: alone }), alone, 'no affinity at all')
})

t.test('a client that writes its own manifest over ours', async (t) => {
  const kind = 'Deployment'
  const own = expression('edge-net.io/country-iso', 'FR')
  const spec = {
    affinity: requires([{ matchExpressions: [own] }, { matchExpressions: [own, disk] }]),
  }
  const manifest = workload(kind, { spec, annotations: FR })
  const stored = admit(kind, manifest)
  t.same(admit(kind, manifest, { stored }), stored, 'put')
  const reset = edited(kind, stored, (s) => {
    s['affinity'] = structuredClone(spec.affinity)
  })
  t.same(admit(kind, reset, { stored }), stored, 'apply, which leaves the marker')

  const changed = edited(kind, stored, (s) => {
    s['affinity'] = requires([{ matchExpressions: [own, zone] }])
  })
  const next = admit(kind, changed, { stored })
  t.same(
    termsIn(kind, next),
    ['country-iso In FR & zone In a,b & country-iso In FR'],
    'the user’s own expression stays',
  )
  const gone = admit(kind, withAnnotations(reset, undefined), { stored })
  t.same(gone, withAnnotations(manifest, undefined), 'apply without the annotations')

  const before = workload(kind, { spec: { affinity: requires([{ matchExpressions: [own] }]) } })
  const after = admit(kind, workload(kind, { annotations: FR }))
  t.equal(
    admit(kind, before, { stored: after }),
    before,
    'a rollback to the time before the annotations',
  )
  const choice = admit(kind, workload(kind, { annotations: { ...FR, nodes: '2' } }))
  const hand = edited(kind, withAnnotations(choice, undefined), (_, annotations) => {
    delete annotations[MARKER]
  })
  t.same(
    admit(kind, hand, { stored: choice }),
    workload(kind),
    'annotations and marker removed by hand',
  )

  const undone = admit(kind, after, {
    stored: admit(kind, withAnnotations(after, { country: 'DE' }), { stored: after }),
  })
  t.equal(undone, after, 'a rollback to another selection changes nothing in it')
})

t.test('a marker that nobody knows: what the rows would have put in is recognised', async (t) => {
  const kind = 'Deployment'
  const stored = admit(
    kind,
    workload(kind, {
      spec: { affinity: requires([{ matchExpressions: [disk] }]) },
      annotations: OR,
    }),
  )
  const lost = edited(kind, stored, (_, annotations) => {
    delete annotations[MARKER]
  })
  t.same(admit(kind, lost, { stored: lost }), stored)
  const other = admit(kind, withAnnotations(lost, FR), { stored: lost })
  t.same(termsIn(kind, other), ['disk In ssd & country-iso In FR'])
})

t.test('annotations on the pod template', async (t) => {
  const stored = admit(
    'Deployment',
    workload('Deployment', { templateAnnotations: { 'edge-net.io/country': 'FR' } }),
  )
  t.same(termsIn('Deployment', stored), ['country-iso In FR'])
  t.equal(admit('Deployment', stored, { stored }), stored)
  t.throws(
    () =>
      admit(
        'Deployment',
        workload('Deployment', {
          annotations: FR,
          templateAnnotations: { 'edge-net.io/country': 'DE' },
        }),
      ),
    {
      code: 'EDGENET_ANNOTATIONS_DIFFER',
      field: 'spec.template.metadata.annotations',
      message: /edge-net.io\/country differs from metadata.annotations/,
    },
  )
})

t.test('refusals', async (t) => {
  const make = (parts: Parameters<typeof workload>[1]) => () =>
    admit('Deployment', workload('Deployment', { annotations: FR, ...parts }))
  t.throws(make({ spec: { nodeName: 'n1' } }), {
    code: 'EDGENET_NODE_NAME',
    field: 'spec.template.spec.nodeName',
  })
  t.throws(make({ annotations: { country: 'Frnace' } }), { code: 'EDGENET_COUNTRY_UNKNOWN' })
  t.throws(make({ annotations: { contry: 'FR' } }), { code: 'EDGENET_ANNOTATION_UNKNOWN' })
  const cities = Array.from({ length: 250 }, (_, i) => `FR/${'x'.repeat(50)}${i}`).join()
  const areas = Array.from({ length: 20 }, (_, i) => `a${i}`).join()
  t.throws(make({ annotations: { city: cities, area: areas } }), {
    code: 'EDGENET_SELECTION_TOO_LARGE',
  })
  const malformed: [string, unknown][] = [
    ['affinity', 'x'],
    ['affinity', { nodeAffinity: [] }],
    ['affinity', { nodeAffinity: { [REQUIRED]: 5 } }],
    ['affinity', requires({})],
    ['affinity', requires([5])],
    ['affinity', requires([{ matchExpressions: [null] }])],
    ['affinity', requires([{ matchExpressions: [{ key: 5, operator: 'In' }] }])],
    ['affinity', requires([{ matchFields: [{ key: 'k', operator: 'In', values: [5] }] }])],
    ['topologySpreadConstraints', {}],
  ]
  for (const [name, value] of malformed) {
    t.throws(
      make({ spec: { [name]: value } }),
      { code: 'EDGENET_OBJECT_MALFORMED' },
      JSON.stringify(value),
    )
  }
  const metadata = workload('Deployment', { annotations: FR }).metadata
  for (const spec of [
    undefined,
    null,
    5,
    [],
    {},
    { template: null },
    { template: {} },
    { template: { spec: [] } },
  ]) {
    t.throws(
      () => admit('Deployment', { metadata, spec }),
      { code: 'EDGENET_OBJECT_MALFORMED' },
      JSON.stringify(spec),
    )
  }
  t.throws(() => admit('Deployment', { metadata: { annotations: [] } } as never), {
    code: 'EDGENET_OBJECT_MALFORMED',
  })
})

t.test('an update of something else is not refused for what is stored', async (t) => {
  const stored = workload('Deployment', { annotations: { country: 'Atlantis' } })
  const labelled = { ...stored, metadata: { ...stored.metadata, labels: { a: 'b' } } }
  t.equal(admit('Deployment', labelled, { stored }), labelled)
  const image = edited('Deployment', stored, (spec) => Object.assign(spec, { containers: [] }))
  t.throws(() => admit('Deployment', image, { stored }), { code: 'EDGENET_COUNTRY_UNKNOWN' })
  const going = (object: typeof stored) => ({
    ...object,
    metadata: { ...object.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
  })
  t.equal(admit('Deployment', image, { stored: going(stored) }), image, 'nor of what goes')
  t.throws(
    () => admit('Deployment', going(image), { stored }),
    { code: 'EDGENET_COUNTRY_UNKNOWN' },
    'which only the stored object can tell',
  )
})

t.test('names', async (t) => {
  const uses = (kind: Kind, object: ReturnType<typeof workload>) =>
    parseMarker(markerOf(kind, object))?.rows.map(({ use }) => use)
  const make = (name: string, namespace: string, kind: Kind = 'Deployment') =>
    uses(kind, admit(kind, workload(kind, { name, annotations: FR_AND_DE }), { namespace }))
  const labels = [make('a', 'x'), make('b', 'x'), make('a', 'y'), make('a', 'x', 'DaemonSet')]
  t.equal(new Set(labels.flat()).size, 8, 'each workload has labels of its own')

  const generated = workload('Job', { generateName: 'run-', annotations: FR_AND_DE })
  const first = admit('Job', generated, { uid: 'one' })
  t.match(uses('Job', first)?.[0], /\/use-run-[0-9a-f]{20}$/)
  t.equal(admit('Job', first, { uid: 'two' }), first, 'the webhook that is called again keeps them')
  t.notSame(
    uses('Job', admit('Job', generated, { uid: 'two' })),
    uses('Job', first),
    'another object gets others',
  )

  const named = (object: ReturnType<typeof workload>) => ({
    ...object,
    metadata: { ...object.metadata, name: 'set-abc' },
  })
  const set = named(
    admit(
      'DaemonSet',
      workload('DaemonSet', { generateName: 'set-', annotations: { ...FR, nodes: '2' } }),
      { uid: 'one' },
    ),
  )
  t.equal(admit('DaemonSet', set, { stored: set }), set, 'once it has its name they stay')
  const both = admit(
    'DaemonSet',
    withAnnotations(set, { placement: '- country: FR\n  nodes: 2\n- country: DE\n  nodes: 1' }),
    { stored: set },
  )
  t.equal(uses('DaemonSet', both)?.[0], uses('DaemonSet', set)?.[0], 'also when a row comes beside')
  const copied = admit('DaemonSet', { ...set, metadata: { ...set.metadata, name: 'mine' } })
  t.notSame(uses('DaemonSet', copied), uses('DaemonSet', set), 'a copy under a name has its own')
})

t.test('spread of counted rows', async (t) => {
  const hostname = {
    topologyKey: 'kubernetes.io/hostname',
    maxSkew: 1,
    whenUnsatisfiable: 'DoNotSchedule',
  }
  const base = { ...hostname, nodeTaintsPolicy: 'Honor' }
  const selector = { matchLabels: { app: 'web' } }
  const job = {
    ...base,
    minDomains: 5,
    labelSelector: {},
    matchLabelKeys: ['batch.kubernetes.io/controller-uid'],
  }
  const wanted: Record<Kind, unknown> = {
    Deployment: [
      { ...base, minDomains: 5, labelSelector: selector, matchLabelKeys: ['pod-template-hash'] },
    ],
    ReplicaSet: [{ ...base, minDomains: 5, labelSelector: selector }],
    StatefulSet: [{ ...base, minDomains: 5, labelSelector: selector }],
    Job: [job],
    CronJob: [job],
    DaemonSet: undefined,
    Pod: undefined,
  }
  for (const kind of KINDS) {
    const stored = admit(kind, workload(kind, { annotations: FR_AND_DE }))
    t.same(spreadOf(kind, stored), wanted[kind], kind)
  }
  const deployed = (annotations: Record<string, string>, spec: Json = {}) =>
    spreadOf('Deployment', admit('Deployment', workload('Deployment', { annotations, spec })))
  t.equal(deployed(FR), undefined, 'not without a count')
  t.equal(deployed({ ...FR_AND_DE, spread: 'none' }), undefined)
  t.notOk('minDomains' in (deployed({ ...FR_AND_DE, spread: 'soft' })?.[0] ?? {}), 'soft')
  t.match(deployed({ ...FR_AND_DE, spread: 'soft' })?.[0], { whenUnsatisfiable: 'DoNotSchedule' })
  t.notOk(
    'minDomains' in
      (deployed({ placement: '- country: FR\n  nodes: 3\n- country: DE' })?.[0] ?? {}),
    'a row without a count',
  )

  const zones = { ...hostname, topologyKey: 'zone' }
  const anyway = { ...hostname, whenUnsatisfiable: 'ScheduleAnyway' }
  t.equal(deployed(FR_AND_DE, { topologySpreadConstraints: [zones, anyway] })?.length, 3)
  t.same(
    deployed(FR_AND_DE, { topologySpreadConstraints: [hostname] }),
    [hostname],
    'the user has that pair',
  )

  const kind = 'Deployment'
  const own = workload(kind, { spec: { topologySpreadConstraints: [zones] } })
  const stored = admit(kind, withAnnotations(own, FR_AND_DE))
  t.same(admit(kind, withAnnotations(stored, undefined), { stored }), own, 'restored')
  const more = admit(
    kind,
    withAnnotations(stored, { placement: '- country: FR\n  nodes: 4\n- country: DE\n  nodes: 2' }),
    { stored },
  )
  t.match(spreadOf(kind, more), [zones, { minDomains: 6 }])
  t.equal(spreadOf(kind, more)?.length, 2)
})

t.test('what cannot change', async (t) => {
  const pod = admit('Pod', workload('Pod', { annotations: { ...FR, nodes: '2' } }))
  const bound = edited('Pod', pod, (spec) => {
    spec['nodeName'] = 'n1'
  })
  t.equal(admit('Pod', bound, { stored: pod }), bound, 'a pod is bound')
  const counted = withAnnotations(pod, { country: 'France', nodes: '5', spread: 'soft' })
  t.equal(admit('Pod', counted, { stored: pod }), counted, 'the same rows in other words')
  for (const annotations of [undefined, { country: 'DE', nodes: '2' }, FR, { country: 'XX' }]) {
    const code =
      annotations?.country === 'XX' ? 'EDGENET_COUNTRY_UNKNOWN' : 'EDGENET_PLACEMENT_IMMUTABLE'
    t.throws(
      () => admit('Pod', withAnnotations(pod, annotations), { stored: pod }),
      { code },
      JSON.stringify(annotations),
    )
  }
  const wrong = workload('Pod', { annotations: { country: 'Atlantis' } })
  t.equal(admit('Pod', wrong, { stored: wrong }), wrong)

  const running = {
    ...admit('Job', workload('Job', { annotations: FR_AND_DE })),
    status: { startTime: 'x' },
  }
  t.throws(() => admit('Job', withAnnotations(running, FR), { stored: running }), {
    code: 'EDGENET_PLACEMENT_IMMUTABLE',
    message: /suspended/,
  })
  t.throws(() => admit('Job', withAnnotations(running, undefined), { stored: running }), {
    code: 'EDGENET_PLACEMENT_IMMUTABLE',
  })
  t.equal(admit('Job', running, { stored: running }), running)

  const suspended = admit(
    'Job',
    workload('Job', { annotations: FR_AND_DE, topSpec: { suspend: true } }),
  )
  const moved = admit('Job', withAnnotations(suspended, { country: 'DE' }), { stored: suspended })
  t.same(termsIn('Job', moved), ['country-iso In DE'], 'a Job that never ran')
  t.same(
    spreadOf('Job', moved),
    spreadOf('Job', suspended),
    'whose spread Kubernetes does not let change',
  )
  t.equal(admit('Job', moved, { stored: moved }), moved)
  const bare = admit('Job', withAnnotations(moved, undefined), { stored: moved })
  t.equal(termsIn('Job', bare), undefined)
  t.same(spreadOf('Job', bare), spreadOf('Job', suspended))
  const started = { ...suspended, status: { startTime: 'x' } }
  t.throws(() => admit('Job', withAnnotations(started, FR), { stored: started }), {
    code: 'EDGENET_PLACEMENT_IMMUTABLE',
  })
})

t.test('prototype keys and large objects', async (t) => {
  const spec = JSON.parse(
    '{"__proto__":{"nodeName":"x"},"affinity":{"__proto__":{"nodeAffinity":5},"constructor":1}}',
  )
  const object = workload('Deployment', { annotations: FR })
  const hostile = edited('Deployment', object, (podSpec) =>
    Object.assign(podSpec, { affinity: spec.affinity }),
  )
  t.same(termsIn('Deployment', admit('Deployment', hostile)), ['country-iso In FR'])
  const proto = JSON.parse(
    `{"kind":"Deployment","metadata":{"__proto__":{"annotations":{"edge-net.io/country":"DE"}}}}`,
  )
  t.equal(admit('Deployment', proto), proto)

  const terms = Array.from({ length: 20_000 }, (_, i) => ({
    matchExpressions: [expression(`k${i}`), expression('edge-net.io/country-iso', 'FR')],
  }))
  const huge = workload('Deployment', { annotations: OR, spec: { affinity: requires(terms) } })
  t.throws(() => admit('Deployment', huge), { code: 'EDGENET_TOO_MANY_TERMS' })
  const stored = admit(
    'Deployment',
    workload('Deployment', {
      annotations: OR,
      spec: { affinity: requires([{ matchExpressions: [disk] }]) },
    }),
  )
  const grown = edited('Deployment', stored, (s) => {
    s['affinity'] = requires(terms)
  })
  t.throws(() => admit('Deployment', grown, { stored }), { code: 'EDGENET_TOO_MANY_TERMS' })
  const left = admit('Deployment', withAnnotations(grown, undefined), { stored })
  t.equal(termsIn('Deployment', left)?.length, 20_000)
})

t.test('a selection that was read already is used', async (t) => {
  const object = workload('Deployment', { annotations: FR })
  const request = {
    kind: 'Deployment',
    namespace: 'ns',
    name: 'web',
    uid: 'u',
    operation: 'CREATE',
    oldObject: null,
    object,
  } as const
  t.same(inject({ ...request, limits: LIMITS }), inject(request))
  t.ok(Object.isFrozen(Object.freeze(request)) && inject(request))
})
