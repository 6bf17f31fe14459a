import fc from 'fast-check'
import t from 'tap'
import { AreaIndex } from '../../../core/placement/choice/area-index.ts'
import {
  atLabelCap,
  checkCaps,
  DEFAULT_LIMITS,
  ownLabels,
} from '../../../core/placement/choice/caps.ts'
import { selectNodes } from '../../../core/placement/choice/select.ts'
import type { SelectInput } from '../../../core/placement/choice/select-types.ts'
import { statusText, type WorkloadView, warnings } from '../../../core/placement/report/explain.ts'
import { REASONS, reasonWords } from '../../../core/placement/report/reasons.ts'
import { survey } from '../../../core/placement/report/survey.ts'
import {
  countriesWords,
  kmWords,
  line,
  resourceWords,
  rowWords,
  valueWords,
} from '../../../core/placement/report/words.ts'
import type { NodeView, Requirement, Row } from '../../../core/placement/types.ts'
import {
  byName,
  CONDITIONS,
  DEMAND,
  inCity,
  inCountry,
  inputOf,
  nodeIn,
  outline,
  rowOf,
} from './nodes.ts'

const index = new AreaIndex()
index.define('alps', { shape: outline(50, 47, 9, 1) })
index.define('ibérica', { countries: ['ES'] })

const unlocated = { ...nodeIn('Paris', 'u'), labels: {} }
const WORLD: readonly NodeView[] = [
  nodeIn('Paris', 'p1'),
  nodeIn('Paris', 'p2', { ready: false }),
  nodeIn('Lyon', 'l1', { allocatable: { cpu: 100, pods: 10 } }),
  nodeIn('Lyon', 'l2'),
  nodeIn('Berlin', 'b1'),
  nodeIn('Tokyo', 't1'),
  nodeIn('Tokyo', 't2', { labels: { 'edge-net.io/pool': 'other' } }),
]

function surveyOf(rows: readonly Row[], nodes = WORLD, change: Partial<SelectInput> = {}) {
  const conditions = { ...CONDITIONS, inside: index.inside, pools: new Set(['shared']) }
  const input = inputOf(rows, byName(nodes), { conditions, ...change })
  return survey(input, selectNodes(input), index)
}

const fr = (nodes?: number) =>
  rowOf('fr', { attributes: inCountry('FR'), ...(nodes !== undefined && { nodes }) })
const area = (name: string): Partial<Row> => ({ anyOf: [{ kind: 'named', name }] })
const label = (name: string, ...values: string[]): Requirement[] => [
  { key: `edge-net.io/${name}`, operator: 'In', values },
]

t.test('what an apply answers', async (t) => {
  const near = { lat: 48.86, lon: 2.35, km: 100 }
  const notFr: Requirement[] = [
    { key: 'edge-net.io/country-iso', operator: 'Exists' },
    { key: 'edge-net.io/country-iso', operator: 'NotIn', values: ['FR'] },
  ]
  const cases: [string, Row[], Partial<WorkloadView>, string[], NodeView[]?][] = [
    [
      'no count',
      [rowOf('a', { attributes: inCountry('FR', 'DE') })],
      {},
      ['5 nodes match now: FR 4, DE 1 (1 is not ready, 1 has no room for cpu 500m)'],
    ],
    ['all there', [fr(2)], { replicas: 2 }, ['2 of 2 nodes chosen; 4 nodes match now: FR 4']],
    [
      'too few',
      [fr(5)],
      {},
      [
        '2 of 5 nodes for country FR: 4 match now; 1 is not ready, 1 has no room for cpu 500m',
        'without country=FR 2 nodes would match',
      ],
    ],
    [
      'fewer replicas than nodes',
      [fr(2)],
      { replicas: 1 },
      [
        '2 of 2 nodes chosen; 4 nodes match now: FR 4',
        'replicas is 1, fewer than the 2 nodes asked for: 1 node stays without a pod',
      ],
    ],
    [
      'strict spread, a node too few',
      [rowOf('a', { attributes: inCity('Berlin'), nodes: 2 })],
      { replicas: 2 },
      [
        '1 of 2 nodes for city Berlin: 1 matches now',
        'without city=Berlin 3 nodes would match',
        '2 replicas, one on a node (spread is strict): 1 waits until more nodes can be chosen',
      ],
    ],
    [
      'soft spread doubles up instead',
      [rowOf('a', { attributes: inCity('Berlin'), nodes: 2 })],
      { replicas: 2, spread: 'soft' },
      ['1 of 2 nodes for city Berlin: 1 matches now', 'without city=Berlin 3 nodes would match'],
    ],
    [
      'more replicas than nodes that are all there',
      [fr(2)],
      { replicas: 9 },
      ['2 of 2 nodes chosen; 4 nodes match now: FR 4'],
    ],
    [
      'a city that is spelt wrong',
      [rowOf('a', { attributes: [...inCountry('FR'), ...inCity('Pari')] })],
      {},
      [
        'no node matches country FR, city Pari now',
        'without city=Pari 2 nodes would match; nearest known city: Paris',
      ],
    ],
    [
      'an empty area',
      [rowOf('a', { ...area('alps'), nodes: 2 })],
      {},
      ['0 of 2 nodes for area alps: none matches now', 'nearest outside: l2, Lyon, 260 km'],
    ],
    [
      'an area that does not exist',
      [rowOf('a', area('nope'))],
      {},
      [
        'there is no GeoArea nope; no node matches area nope now',
        'without area nope 4 nodes would match',
      ],
    ],
    [
      'the radius of near',
      [rowOf('a', { near, nodes: 2 })],
      {},
      [
        '1 of 2 nodes for the circle of 100 km around 48.86,2.35: 2 match now; 1 is not ready',
        'nearest outside: l2, Lyon, 290 km',
      ],
    ],
    [
      'exclusion',
      [rowOf('a', { attributes: notFr })],
      {},
      ['2 nodes match now: DE 1, JP 1 (1 belongs to another pool)'],
    ],
    [
      'what excludes everything is named as it is written',
      [rowOf('a', { attributes: [...notFr, ...inCity('Paris')] })],
      {},
      ['no node matches not country FR, city Paris now', 'without city=Paris 2 nodes would match'],
    ],
    [
      'nothing at all',
      [rowOf('a')],
      {},
      ['no node matches anywhere now', '1 node has no known place and is in no selection'],
      [unlocated],
    ],
    [
      'several rows',
      [
        fr(2),
        rowOf('de', { attributes: inCountry('DE'), nodes: 2 }),
        rowOf('jp', { attributes: inCountry('JP') }),
      ],
      {},
      [
        '6 nodes match now: FR 4, DE 1, JP 1; row 1: 2 of 2, row 2: 1 of 2, row 3: 1 node',
        'row 2: 1 of 2 nodes for country DE: 1 matches now; without country=DE 3 nodes would match',
      ],
    ],
  ]
  for (const [name, rows, view, expected, nodes] of cases) {
    const found = warnings(surveyOf(rows, nodes), { spread: 'strict', ...view })
    t.same(found, expected, name)
  }
})

t.test('many rows in trouble still make at most four lines', async (t) => {
  const rows = Array.from({ length: 12 }, (_, i) =>
    rowOf(`r${i}`, { attributes: inCity('Oslo'), nodes: 3 }),
  )
  const found = warnings(surveyOf(rows, [...WORLD, unlocated]), { spread: 'strict', replicas: 36 })
  t.equal(found.length, 4)
  t.match(found[0], /^no node matches now; row 1: 0 of 3, row 2: 0 of 3/)
  t.match(found[1], /^row 1: 0 of 3 nodes for city Oslo: none matches now; without city=Oslo/)
  t.match(found[2], /^row 2: .* \(and 10 more rows\)$/)
  t.match(found[3], /^36 replicas, one on a node \(spread is strict\): 36 wait/)
})

t.test('the status says the same of every row', async (t) => {
  t.equal(statusText(surveyOf([fr(2)])), '2 of 2 nodes chosen; 4 nodes match now: FR 4')
  t.equal(
    statusText(surveyOf([fr(2), rowOf('a', { ...area('alps'), nodes: 1 })])),
    'row 1: 2 of 2 nodes chosen; 4 nodes match now: FR 4. ' +
      'row 2: 0 of 1 nodes for area alps: none matches now; nearest outside: l2, Lyon, 260 km',
  )
})

t.test('full nodes do not count against rows whose own pods fill them', async (t) => {
  const full = [nodeIn('Paris', 'p', { allocatable: {} }), nodeIn('Lyon', 'l', { allocatable: {} })]
  const found = surveyOf([rowOf('a')], full, { podsOn: new Map([['p', 1]]) })
  t.same(found.rows[0]?.reasons, [{ reason: 'NoRoom', detail: 'pods', count: 1 }])
  t.same(found.matching, { total: 2, ready: 2, countries: new Map([['FR', 2]]) })
})

t.test('whatever is selected, warnings are few, short and printable', async (t) => {
  const text = fc.string({ unit: 'grapheme', maxLength: 300 })
  const row = fc.record({
    values: fc.array(text, { minLength: 1, maxLength: 5 }),
    key: fc.constantFrom('city', 'country-iso', 'subdivision-city', 'odd'),
    name: text,
    nodes: fc.option(fc.integer({ min: 1, max: 1000 }), { nil: undefined }),
  })
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 6 }), fc.nat(2000), (specs, replicas) => {
      const rows = specs.map(({ key, values, name, nodes }, i) =>
        rowOf(`r${i}`, {
          attributes: label(key, ...values),
          ...(i % 2 === 0 && area(name)),
          ...(nodes !== undefined && { nodes }),
        }),
      )
      const found = warnings(surveyOf(rows), { spread: 'strict', replicas })
      if (found.length === 0 || found.length > 4) throw new Error(`${found.length} warnings`)
      for (const warning of found) {
        if (Buffer.byteLength(warning) > 255 || /[^\x20-\x7e]/.test(warning))
          throw new Error(warning)
      }
    }),
    { numRuns: 200 },
  )
  t.equal(line(`${'x'.repeat(300)}`), `${'x'.repeat(252)}...`)
  t.equal(line('x'.repeat(255)).length, 255)
  t.equal(line('São\n\u{1f600}'), 'S?o??')
})

t.test('words and units', async (t) => {
  for (const reason of REASONS) {
    t.match(
      reasonWords({ reason, detail: 'd', count: 1 }),
      /^1 (is|has|cannot|belongs|does|carries|serves) /,
    )
    t.match(
      reasonWords({ reason, detail: 'd', count: 3 }),
      /^3 (are|have|cannot|belong|do|carry|serve) /,
    )
  }
  t.equal(
    reasonWords({ reason: 'Tainted', detail: '$&', count: 1 }),
    '1 has the untolerated taint $&',
  )
  const km = [0.4, 1.4, 12.4, 99.6, 123, 1234, 19_996].map(kmWords)
  t.same(km, ['under 1 km', '1 km', '12 km', '100 km', '120 km', '1,230 km', '20,000 km'])
  const amounts: [string, number | undefined, string][] = [
    ['cpu', 500, 'cpu 500m'],
    ['cpu', 2000, 'cpu 2'],
    ['cpu', 1250, 'cpu 1.25'],
    ['memory', 512 * 2 ** 20, 'memory 512Mi'],
    ['memory', 1.5 * 2 ** 30, 'memory 1.5Gi'],
    ['memory', 100, 'memory 100'],
    ['ephemeral-storage', 2 ** 40, 'ephemeral-storage 1Ti'],
    ['nvidia.com/gpu', 2, 'nvidia.com/gpu 2'],
    ['pods', undefined, 'another pod'],
    ['cpu', undefined, 'cpu'],
  ]
  for (const [name, amount, words] of amounts) t.equal(resourceWords(name, amount), words)
  const countries = new Map([...'ABCDEFG'].map((c, i) => [c, i === 6 ? 9 : 1]))
  t.equal(countriesWords(countries), 'G 9, A 1, B 1, C 1, D 1, +2 more')
  t.equal(valueWords('edge-net.io/subdivision-city', 'US-CA.Menlo_Park'), 'US/CA/Menlo Park')
  t.equal(valueWords('edge-net.io/country-city', 'FR.Saint-Denis'), 'FR/Saint-Denis')
  t.equal(valueWords('edge-net.io/subdivision', 'US-CA'), 'US/CA')
  t.equal(valueWords('mine', 'US-CA'), 'US-CA')
  const row: Row = {
    id: 'r',
    attributes: [
      ...label('continent', 'North_America'),
      ...inCountry('FR', 'DE', 'ES', 'IT', 'PT'),
    ],
    anyOf: [{ kind: 'shape', shape: outline(4) }],
    noneOf: [],
  }
  t.equal(
    rowWords(row),
    'continent North America, country FR or DE or ES (+2 more), the given shape',
  )
})

t.test('near misses that only a survey of the rest can tell', async (t) => {
  const miss = (row: Partial<Row>, nodes = WORLD) =>
    surveyOf([rowOf('r', row)], nodes).rows[0]?.nearMiss
  t.same(miss(area('ibérica')), {
    kind: 'key',
    key: 'area ibérica',
    name: 'area',
    gained: 4,
  })
  t.equal(miss({ ...area('alps'), attributes: inCity('Oslo') }), undefined, 'two keys are to blame')
  const notReady = WORLD.map((node) => ({ ...node, ready: false }))
  t.equal(miss(area('alps'), notReady), undefined, 'a node that is not usable is no help')
  const tight = miss({ ...area('alps'), attributes: inCity('Berlin') })
  t.match(tight, { kind: 'outside', node: 'b1' })
  const found = miss({ noneOf: [{ kind: 'circle', lat: 0, lon: 0, km: 20_038 }] })
  t.match(found, { kind: 'key', gained: 4, key: 'the exclusion of the circle of 20,040 km' })
})

t.test('demand decides what the amounts are', async (t) => {
  const conditions = { ...CONDITIONS, demand: { ...DEMAND, requests: { memory: 16 * 2 ** 30 } } }
  const found = warnings(surveyOf([fr(1)], WORLD, { conditions }), { spread: 'strict' })
  t.equal(
    found[0],
    '0 of 1 nodes for country FR: 4 match now; 3 have no room for memory 16Gi, 1 is not ready',
  )
})

t.test('caps', async (t) => {
  const areas = (count: number, from = 0) =>
    new Set(Array.from({ length: count }, (_, i) => `area-${from + i}`))
  const none = { rows: 0, areas: areas(0) }
  const check = (others: typeof none, wanted: typeof none, before?: typeof none) =>
    checkCaps(others, wanted, DEFAULT_LIMITS, before)
  t.equal(check({ rows: 199, areas: areas(99) }, { rows: 1, areas: areas(1, 500) }), undefined)
  const rows = check({ rows: 199, areas: areas(0) }, { rows: 2, areas: areas(0) })
  t.match(rows, { code: 'EDGENET_TOO_MANY_SELECTIONS', field: 'metadata.annotations' })
  t.match(rows?.message, /asks for 2 rows .* use 199, and the limit is 200 .* at most 1 here/)
  const fresh = check({ rows: 0, areas: areas(99) }, { rows: 0, areas: areas(3, 98) })
  t.match(fresh, { code: 'EDGENET_TOO_MANY_AREAS' })
  t.match(fresh?.message, /asks for 2 different areas.* use 99, and the limit is 100/)
  t.equal(
    check({ rows: 0, areas: areas(100) }, { rows: 0, areas: areas(100) }),
    undefined,
    'shared',
  )
  const over = { rows: 150, areas: areas(90) }
  const mine = { rows: 60, areas: areas(20, 200) }
  t.equal(check(over, mine, mine), undefined, 'as much as before, after the cap was lowered')
  t.equal(check(over, { rows: 55, areas: areas(15, 200) }, mine), undefined, 'less than before')
  t.match(check(over, { rows: 61, areas: areas(0) }, mine), { code: 'EDGENET_TOO_MANY_SELECTIONS' })
  t.match(check(over, { rows: 60, areas: areas(20, 201) }, mine), {
    code: 'EDGENET_TOO_MANY_AREAS',
  })

  const prefix = 'edge-net.node-restriction.kubernetes.io/'
  const labels = Object.fromEntries(
    Array.from({ length: 399 }, (_, i) => [
      `${prefix}use-${'x'.repeat(36)}-${String(i).padStart(20, '0')}`,
      '',
    ]),
  )
  t.equal(ownLabels({ ...labels, 'edge-net.io/city': 'x' }), 399)
  t.equal(atLabelCap(labels, DEFAULT_LIMITS), false)
  t.equal(atLabelCap({ ...labels, [`${prefix}area-a`]: '' }, DEFAULT_LIMITS), true)
  t.ok(JSON.stringify(labels).length < 50_000, 'far below 100 kB')
})
