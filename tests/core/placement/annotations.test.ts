import fc from 'fast-check'
import t from 'tap'
import { readSelection } from '../../../core/placement/grammar/annotations.ts'
import { placementKeys } from '../../../core/placement/grammar/keys.ts'
import { countTerms, termsOf } from '../../../core/placement/injection/terms.ts'
import { areaId } from '../../../core/placement/labels.ts'
import { LIMITS } from '../../../core/placement/limits.ts'
import type { Requirement, Row, Selection } from '../../../core/placement/types.ts'
import { Refusal } from '../../../core/refusal.ts'

const FIELD = 'metadata.annotations'
const SQUARE = '{"type":"Polygon","coordinates":[[[5,44],[9,44],[9,47],[5,47],[5,44]]]}'

/** Reads annotations given without their prefix. */
function read(annotations: Record<string, unknown>): Selection | undefined {
  const prefixed = Object.entries(annotations).map(([key, value]) => [`edge-net.io/${key}`, value])
  return readSelection(placementKeys(Object.fromEntries(prefixed), FIELD), FIELD)
}

function rowsOf(annotations: Record<string, unknown>): readonly Row[] {
  return read(annotations)?.rows ?? []
}

function onlyRow(annotations: Record<string, unknown>): Row {
  const rows = rowsOf(annotations)
  t.equal(rows.length, 1)
  return rows[0] as Row
}

/** Short form of requirements: `country-iso In FR,DE`. */
const short = (requirements: readonly Requirement[]): string[] =>
  requirements.map(({ key, operator, values = [] }) =>
    `${key.replace('edge-net.io/', '')} ${operator} ${values.join()}`.trim(),
  )

const ATTRIBUTES: [Record<string, unknown>, string[]][] = [
  [{ country: 'FR' }, ['country-iso In FR']],
  [{ country: ' fr , Germany,FR ' }, ['country-iso In DE,FR']],
  [{ country: '!RU' }, ['country-iso Exists', 'country-iso NotIn RU']],
  [{ country: 'FR, ! RU, !by' }, ['country-iso In FR', 'country-iso NotIn BY,RU']],
  [{ continent: 'Europe' }, ['continent In Europe', 'country-iso Exists']],
  [{ continent: 'eu, north america' }, ['continent In Europe,North_America', 'country-iso Exists']],
  [{ continent: '!AS' }, ['continent NotIn Asia', 'country-iso Exists']],
  [
    { continent: 'EU', country: '!RU, !GB' },
    ['continent In Europe', 'country-iso Exists', 'country-iso NotIn GB,RU'],
  ],
  [{ state: 'US/CA' }, ['country-iso Exists', 'subdivision In US-CA']],
  [{ state: 'us-ca, France/idf' }, ['country-iso Exists', 'subdivision In FR-IDF,US-CA']],
  [{ state: '!US/CA', country: 'US' }, ['country-iso In US', 'subdivision NotIn US-CA']],
  [{ city: 'Paris, Berlin' }, ['country-iso Exists', 'city In Berlin,Paris']],
  [{ city: 'São Paulo' }, ['country-iso Exists', 'city In Sao_Paulo']],
  [{ city: 'FR/Paris,DE/Berlin' }, ['country-iso Exists', 'country-city In DE.Berlin,FR.Paris']],
  [
    { city: 'US/IL/Springfield, us/ma/Springfield' },
    ['country-iso Exists', 'subdivision-city In US-IL.Springfield,US-MA.Springfield'],
  ],
  [{ city: '!FR/Paris', country: 'FR' }, ['country-iso In FR', 'country-city NotIn FR.Paris']],
  [{ nodes: '5' }, ['country-iso Exists']],
  [
    { city: 'Paris', state: 'FR/IDF', country: 'FR', continent: 'EU' },
    ['continent In Europe', 'country-iso In FR', 'subdivision In FR-IDF', 'city In Paris'],
  ],
]

t.test('attributes become requirements', async (t) => {
  for (const [annotations, wanted] of ATTRIBUTES) {
    t.same(short(onlyRow(annotations).attributes), wanted, JSON.stringify(annotations))
  }
})

t.test('a city that is too long for a label is cut to the same value each time', async (t) => {
  const [requirement] = onlyRow({ city: `US/CA/${'x'.repeat(120)}` }).attributes.slice(-1)
  const [value = ''] = requirement?.values ?? []
  t.equal(value.length, 63)
  t.match(value, /^US-CA\.x+-[0-9a-f]{10}$/)
})

t.test('areas', async (t) => {
  const ids = (annotations: Record<string, unknown>) => {
    const { anyOf, noneOf } = onlyRow(annotations)
    return [anyOf.map(areaId), noneOf.map(areaId)]
  }
  t.same(ids({ area: 'eu, alps ,eu' }), [['alps', 'eu'], []])
  t.same(ids({ area: 'eu,!alps' }), [['eu'], ['alps']])
  const shape = ids({ area: `  ${SQUARE}` })[0]?.[0] ?? ''
  t.match(shape, /^[0-9a-f]{20}$/)
  t.same(ids({ area: `! ${SQUARE}` }), [[], [shape]])
  const asYaml = `- area:\n    type: Polygon\n    coordinates: [[[5,44],[9,44],[9,47],[5,47],[5,44]]]\n`
  t.same(ids({ placement: asYaml }), [[shape], []], 'GeoJSON as YAML')
  t.same(ids({ placement: `- area: ['${SQUARE}', '!alps', eu]` }), [[shape, 'eu'].sort(), ['alps']])
})

t.test('near', async (t) => {
  const cases: [Record<string, unknown>, Row['near']][] = [
    [{ near: '48.8566,2.3522 within 100km' }, { lat: 48.8566, lon: 2.3522, km: 100 }],
    [{ near: ' -33.9 , 18.4  WITHIN 1.5 Km ' }, { lat: -33.9, lon: 18.4, km: 1.5 }],
    [{ near: '1,2 within 100m' }, { lat: 1, lon: 2, km: 0.1 }],
    [{ near: '1,2 within 10mi' }, { lat: 1, lon: 2, km: 16.09344 }],
    [{ near: '-0,-180 within 5km' }, { lat: 0, lon: 180, km: 5 }],
    [
      { near: '1,2', nodes: '3' },
      { lat: 1, lon: 2 },
    ],
    [
      { near: '1,2 within 9km', nodes: '3' },
      { lat: 1, lon: 2, km: 9 },
    ],
  ]
  for (const [annotations, near] of cases)
    t.same(onlyRow(annotations).near, near, JSON.stringify(annotations))

  const several = onlyRow({ near: '1,2 within 5km; 3,4 within 6km;1,2 within 5000m' })
  t.equal(several.near, undefined)
  t.equal(several.anyOf.length, 2, 'equal circles are one')
  t.equal(
    several.id,
    onlyRow({ near: '3,4 within 6km;1,2 within 5km' }).id,
    'order does not matter',
  )
})

t.test('rows of placement', async (t) => {
  const rows = rowsOf({
    placement: '- country: FR\n  nodes: 3\n- country: [DE, AT, "!BE"]\n  nodes: 2\n',
  })
  t.same(
    rows.map(({ nodes }) => nodes),
    [3, 2],
  )
  t.same(
    rows.map(({ attributes }) => short(attributes)),
    [['country-iso In FR'], ['country-iso In AT,DE', 'country-iso NotIn BE']],
  )
  t.same(
    rowsOf({ placement: '[{"country":"NO","nodes":1}]' }).length,
    1,
    'JSON is YAML, and NO is Norway',
  )
  t.same(short(rowsOf({ placement: '- country: NO' })[0]?.attributes ?? []), ['country-iso In NO'])
})

t.test('spread and on-node-loss', async (t) => {
  t.match(read({ country: 'FR' }), { spread: 'strict', onNodeLoss: 'replace' })
  t.match(read({ country: 'FR', spread: 'soft', 'on-node-loss': ' Force' }), {
    spread: 'soft',
    onNodeLoss: 'force',
  })
  const values = placementKeys({ 'edge-net.io/country': 'FR' }, FIELD)
  t.match(readSelection(values, FIELD, { kind: 'StatefulSet' }), { onNodeLoss: 'wait' })
  t.equal(read({}), undefined)
})

const yaml = (text: string) => ({ placement: text })

/** Annotations, code, key of the field (or its rest after the prefix), and what the sentence says. */
const REFUSALS: [Record<string, unknown>, string, string, RegExp?][] = [
  [{ country: 'Frnace' }, 'COUNTRY_UNKNOWN', 'country]', /did you mean France \(FR\)/],
  [{ country: 'FRA' }, 'COUNTRY_UNKNOWN', 'country]', /France \(FR\)/],
  [{ country: 'ZZ' }, 'COUNTRY_UNKNOWN', 'country]', /"ZZ"/],
  [{ country: '__proto__' }, 'COUNTRY_UNKNOWN', 'country]'],
  [{ country: 'constructor' }, 'COUNTRY_UNKNOWN', 'country]'],
  [{ continent: 'Eurpe' }, 'CONTINENT_UNKNOWN', 'continent]', /Europe/],
  [{ country: '' }, 'VALUE_EMPTY', 'country]'],
  [{ country: 'FR,,DE' }, 'VALUE_EMPTY', 'country]'],
  [{ country: 'FR,' }, 'VALUE_EMPTY', 'country]'],
  [{ country: '!' }, 'VALUE_EMPTY', 'country]'],
  [{ country: 'FR, !France' }, 'VALUE_CONTRADICTION', 'country]', /"FR"/],
  [{ country: 5 }, 'ANNOTATION_TYPE', 'country]'],
  [{ country: null }, 'ANNOTATION_TYPE', 'country]'],
  [{ country: ['FR'] }, 'ANNOTATION_TYPE', 'country]'],
  [{ country: { toString: 'FR' } }, 'ANNOTATION_TYPE', 'country]'],
  [{ city: 'x'.repeat(129) }, 'VALUE_TOO_LONG', 'city]'],
  [{ city: 'a,'.repeat(300) }, 'TOO_MANY_VALUES', 'city]', /301/],
  [{ city: 'Paris, DE/Berlin' }, 'DEPTH_MIXED', 'city]', /"Paris" and "DE\/Berlin"/],
  [{ city: 'DE/Berlin, US/IL/Springfield' }, 'DEPTH_MIXED', 'city]'],
  [{ city: 'a/b/c/d' }, 'CITY_INVALID', 'city]'],
  [{ city: '---' }, 'CITY_INVALID', 'city]'],
  [{ city: 'FR/' }, 'CITY_INVALID', 'city]'],
  [{ city: 'Frnace/Paris' }, 'COUNTRY_UNKNOWN', 'city]', /France/],
  [{ state: 'CA' }, 'STATE_UNQUALIFIED', 'state]', /US\/CA/],
  [{ state: 'on', country: 'CA' }, 'STATE_UNQUALIFIED', 'state]', /CA\/ON/],
  [{ state: 'US/California' }, 'STATE_INVALID', 'state]', /ISO 3166-2/],
  [{ state: 'US/' }, 'STATE_INVALID', 'state]'],
  [{ state: 'US/CA/x' }, 'STATE_INVALID', 'state]'],
  [{ state: 'QQ-CA' }, 'COUNTRY_UNKNOWN', 'state]'],
  [{ area: 'Alps' }, 'AREA_NAME_INVALID', 'area]', /did you mean "alps"/],
  [{ area: '[[1,2]]' }, 'AREA_NAME_INVALID', 'area]', /GeoJSON/],
  [{ area: 'a'.repeat(56) }, 'AREA_NAME_INVALID', 'area]'],
  [{ area: '0123456789abcdef0123' }, 'AREA_NAME_INVALID', 'area]'],
  [{ area: 'alps, !alps' }, 'VALUE_CONTRADICTION', 'area]'],
  [{ area: '{"type":' }, 'GEOMETRY_NOT_JSON', 'area]'],
  [{ area: '{"type":"Point","coordinates":[1,2]}' }, 'GEOMETRY_TYPE', 'area]'],
  [{ near: '48.8,2.3' }, 'NEAR_INVALID', 'near]', /within/],
  [{ near: '91,2 within 5km' }, 'NEAR_INVALID', 'near]', /±90/],
  [{ near: '120.5,30.1 within 5km' }, 'NEAR_INVALID', 'near]', /did you mean "30.1,120.5"/],
  [{ near: '1,2 within 0km' }, 'NEAR_INVALID', 'near]', /more than 0/],
  [{ near: '1,2 within 30000km' }, 'NEAR_INVALID', 'near]'],
  [{ near: '1,2 within 5 parsecs' }, 'NEAR_INVALID', 'near]'],
  [{ near: 'NaN,2 within 5km' }, 'NEAR_INVALID', 'near]'],
  [{ near: `${'1'.repeat(300)},2 within 5km` }, 'NEAR_INVALID', 'near]'],
  [{ near: '1e5,2 within 5km' }, 'NEAR_INVALID', 'near]'],
  [{ near: '1,2 within 5km;' }, 'VALUE_EMPTY', 'near]'],
  [{ near: '1,2 within 5km; 3,4', nodes: '5' }, 'NEAR_INVALID', 'near]', /each needs a radius/],
  [
    { near: '1,2 within 5km; 3,4 within 5km', area: 'alps' },
    'NEAR_INVALID',
    'near]',
    /one row for each/,
  ],
  [{ near: '1,2 within 5km;'.repeat(70) }, 'NEAR_INVALID', 'near]', /at most 64/],
  ...[
    '0',
    '-1',
    '1.5',
    '1001',
    '9'.repeat(300),
    'five',
    '',
    '+5',
    '05',
    '0x5',
    '1e2',
    'NaN',
    '٣',
  ].map((nodes): [Record<string, unknown>, string, string] => [
    { nodes },
    'NODES_INVALID',
    'nodes]',
  ]),
  [{ spread: 'soft' }, 'SELECTION_EMPTY', 'spread]', /without a place/],
  [{ 'on-node-loss': 'wait' }, 'SELECTION_EMPTY', 'on-node-loss]'],
  [{ country: 'FR', spread: 'strct' }, 'SPREAD_INVALID', 'spread]', /did you mean strict/],
  [
    { country: 'FR', 'on-node-loss': 'repalce' },
    'ON_NODE_LOSS_INVALID',
    'on-node-loss]',
    /replace\?/,
  ],
  [{ contry: 'FR' }, 'ANNOTATION_UNKNOWN', 'contry]', /edge-net.io\/country\?/],
  [{ Country: 'FR' }, 'ANNOTATION_UNKNOWN', 'Country]'],
  [{ node: '5', country: 'FR' }, 'ANNOTATION_UNKNOWN', 'node]', /nodes/],
  [{ placment: '' }, 'ANNOTATION_UNKNOWN', 'placment]', /placement/],
  [
    { placement: '- country: FR', country: 'FR' },
    'PLACEMENT_MIXED',
    'country]',
    /move it into the rows/,
  ],
  [{ placement: 5 }, 'ANNOTATION_TYPE', 'placement]'],
  [yaml(''), 'PLACEMENT_YAML', 'placement]', /list/],
  [yaml('[]'), 'PLACEMENT_YAML', 'placement]'],
  [yaml('country: FR'), 'PLACEMENT_YAML', 'placement]', /list/],
  [yaml('- FR'), 'PLACEMENT_YAML', 'placement][0]'],
  [yaml('- country: FR\n- ~'), 'PLACEMENT_YAML', 'placement][1]'],
  [yaml('- {}'), 'ROW_EMPTY', 'placement][0]'],
  [
    yaml('- country: FR\n- contry: FR'),
    'ROW_KEY_UNKNOWN',
    'placement][1].contry',
    /did you mean country/,
  ],
  [
    yaml('- edge-net.io/country: FR'),
    'ROW_KEY_UNKNOWN',
    'placement][0].edge-net.io/country',
    /country\?/,
  ],
  [yaml('- spread: soft'), 'ROW_KEY_UNKNOWN', 'placement][0].spread'],
  [yaml('- __proto__: FR'), 'ROW_KEY_UNKNOWN', 'placement][0].__proto__'],
  [yaml('- constructor: FR'), 'ROW_KEY_UNKNOWN', 'placement][0].constructor'],
  [yaml('- country: FR\n  country: DE'), 'PLACEMENT_YAML', 'placement][0].country', /twice/],
  [yaml('- country: XX'), 'COUNTRY_UNKNOWN', 'placement][0].country'],
  [yaml('- nodes: 0'), 'NODES_INVALID', 'placement][0].nodes'],
  [yaml('- nodes: .nan'), 'NODES_INVALID', 'placement][0].nodes'],
  [yaml(`- nodes: ${'9'.repeat(300)}`), 'NODES_INVALID', 'placement][0].nodes'],
  [yaml('- country: ~'), 'ANNOTATION_TYPE', 'placement][0].country'],
  [yaml('- country: true'), 'ANNOTATION_TYPE', 'placement][0].country'],
  [yaml('- country: []'), 'VALUE_EMPTY', 'placement][0].country'],
  [yaml('- country: [[FR]]'), 'ANNOTATION_TYPE', 'placement][0].country'],
  [yaml('- country: {a: b}'), 'ANNOTATION_TYPE', 'placement][0].country'],
  [yaml('- country: !RU'), 'PLACEMENT_YAML', 'placement]', /needs quotes.*line 1/],
  [
    yaml('- country: FR\n- country: !RU, !BY'),
    'PLACEMENT_YAML',
    'placement]',
    /needs quotes.*line 2/,
  ],
  [yaml('- country: !!binary aGk='), 'PLACEMENT_YAML', 'placement]'],
  [yaml('- country: !!js/function "x"'), 'PLACEMENT_YAML', 'placement]'],
  [yaml('%YAML 1.1\n---\n- country: NO'), 'PLACEMENT_YAML', 'placement]', /directives/],
  [yaml('- country: FR\n---\n- country: DE'), 'PLACEMENT_YAML', 'placement]', /one YAML document/],
  [yaml('- country: @x'), 'PLACEMENT_YAML', 'placement]', /line 1, column/],
  [yaml('- country: &a FR\n- country: *a'), 'PLACEMENT_YAML', 'placement][1].country', /aliases/],
  [yaml('- country: FR\n'.repeat(33)), 'TOO_MANY_ROWS', 'placement]', /33 rows/],
  [
    yaml(`- area: [${Array.from({ length: 40 }, (_, i) => `a${i}`)}]\n`.repeat(2)),
    'TOO_MANY_TERMS',
    '',
    /80/,
  ],
]

t.test('refusals name code, field and reason', async (t) => {
  for (const [annotations, code, rest, sentence] of REFUSALS) {
    const field = rest === '' ? FIELD : `${FIELD}[edge-net.io/${rest}`
    const name = JSON.stringify(annotations).slice(0, 80)
    t.throws(() => read(annotations), { code: `EDGENET_${code}`, field }, name)
    if (sentence) t.throws(() => read(annotations), { message: sentence }, `${name}: ${sentence}`)
  }
})

t.test('other annotations are none of our business', async (t) => {
  for (const key of [
    'edge-net.io/injected',
    'edge-net.io/quota',
    'edge-net.io/anything-else',
    'a.edge-net.io/contry',
    'contry',
  ]) {
    t.equal(placementKeys({ [key]: 5 }, FIELD).size, 0, key)
  }
  t.throws(() => placementKeys('x', FIELD), { code: 'EDGENET_OBJECT_MALFORMED' })
  t.equal(placementKeys(null, FIELD).size, 0)
})

t.test('ids: of the facts and the occurrence, not of the count', async (t) => {
  const ids = (text: string) => rowsOf({ placement: text }).map(({ id }) => id)
  const [a, b, c] = ids('- country: FR\n  nodes: 3\n- country: FR\n  nodes: 1\n- country: DE')
  t.match(a, /^[0-9a-f]{20}$/)
  t.equal(new Set([a, b, c]).size, 3)
  t.same(ids('- country: France\n- country: DE\n- country: [FR]\n  nodes: 7'), [a, c, b])
  t.not(onlyRow({ near: '1,2', nodes: '1' }).id, onlyRow({ near: '1,3', nodes: '1' }).id)
  t.not(onlyRow({ area: 'alps' }).id, onlyRow({ area: '!alps' }).id)
})

t.test('terms in fixed order', async (t) => {
  const row = onlyRow({ country: 'FR', area: 'b,a,!c', near: '1,2 within 5km', nodes: '2' })
  const keys = termsOf(row, 'use').map((term) =>
    term.map(({ key, operator }) => `${key.split('/')[1] ?? key} ${operator}`),
  )
  const circle = keys[0]?.[1] ?? ''
  t.match(circle, /^area-[0-9a-f]{20} Exists$/)
  t.same(
    keys,
    ['a', 'b'].map((area) => [
      'country-iso In',
      circle,
      'outside-c Exists',
      `area-${area} Exists`,
      'use Exists',
    ]),
  )
  t.equal(countTerms(row), 2)
  const nearest = termsOf(onlyRow({ near: '1,2', nodes: '2' }), 'use')
  t.same(
    nearest.map((term) => term.map(({ key }) => key)),
    [['edge-net.io/country-iso', 'use']],
  )
})

/** Values that have cost parsers their stack or quadratic time. Each within the 256 KiB of annotations. */
const HOSTILE: [string, Record<string, unknown>][] = [
  ['10,000 rows', yaml('- country: FR\n'.repeat(10_000))],
  [
    'alias bomb',
    yaml(`- &a [x]\n${Array.from({ length: 60 }, (_, i) => `- &b${i} [*a, *a]`).join('\n')}`),
  ],
  ['nested aliases', yaml('- area: &a [*a, *a]')],
  ['brackets', yaml('['.repeat(250_000))],
  ['braces', yaml('{a: '.repeat(60_000))],
  ['dashes', yaml('- '.repeat(120_000))],
  ['question marks', yaml('? '.repeat(120_000))],
  ['colons', yaml('a: '.repeat(80_000))],
  ['quotes', yaml('"'.repeat(250_000))],
  ['keys', yaml(`- a: 1\n${'  k: 1\n'.repeat(30_000)}`)],
  [
    'different keys',
    yaml(`- a: 1\n${Array.from({ length: 20_000 }, (_, i) => `  k${i}: 1`).join('\n')}`),
  ],
  ['documents', yaml('---\n'.repeat(60_000))],
  ['tags', yaml('!a '.repeat(80_000))],
  ['deep GeoJSON', { area: '{"type":"GeometryCollection","geometries":['.repeat(5_000) }],
  ['deep JSON', { area: `{"type":"Polygon","coordinates":${'['.repeat(200_000)}` }],
  ['commas', { country: ','.repeat(250_000) }],
  ['exclamation marks', { country: '!'.repeat(250_000) }],
  ['long name', { country: 'a'.repeat(250_000) }],
  ['long unusual name', { city: '\u{1f30d}\u0301'.repeat(60_000) }],
  ['lone surrogates', { area: '\ud800'.repeat(250_000) }],
  ['slashes', { city: '/'.repeat(250_000) }],
  ['semicolons', { near: ';'.repeat(250_000) }],
  ['blanks', { near: ' '.repeat(250_000) }],
  ['inner blanks', { near: `1,2${' '.repeat(250_000)}within` }],
  ['digits', { near: `${'1'.repeat(250_000)},2` }],
]

t.test('hostile values are refused', async (t) => {
  const started = performance.now()
  for (const [name, annotations] of HOSTILE) t.throws(() => read(annotations), Refusal, name)
  const hostile = performance.now() - started
  t.comment(`${HOSTILE.length} hostile values in ${Math.round(hostile)} ms`)
})

t.test('odd Unicode is a city like any other, or refused', async (t) => {
  for (const city of ['東京', 'Île-de-France', 'Москва', '\u202eParis', 'e\u0301', 'İzmir']) {
    const values = onlyRow({ city }).attributes.at(-1)?.values ?? []
    t.match(values[0], /^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$/, city)
  }
})

t.test('whatever is written, the answer is a selection or a Refusal', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({
      unit: fc.constantFrom(
        'F',
        'R',
        ',',
        '!',
        '/',
        '-',
        '{',
        '[',
        '"',
        ':',
        '\n',
        ' ',
        '1',
        '.',
        '*',
        '&',
        '%',
      ),
    }),
  )
  const key = fc.constantFrom(
    'continent',
    'country',
    'state',
    'city',
    'area',
    'near',
    'nodes',
    'placement',
    'spread',
    'on-node-loss',
  )
  const value = fc.oneof(
    text,
    text.map((s) => `- country: ${s}`),
    fc.jsonValue(),
  )
  fc.assert(
    fc.property(fc.dictionary(key, value), (annotations) => {
      try {
        for (const row of read(annotations)?.rows ?? []) {
          if (!/^[0-9a-f]{20}$/.test(row.id)) return false
          if (!row.attributes.some((each) => each.key === 'edge-net.io/country-iso')) return false
        }
        return true
      } catch (error) {
        return error instanceof Refusal && error.message.length < 1000
      }
    }),
    { numRuns: 2000 },
  )
})

t.test('the order of values and repetitions do not matter', async () => {
  const list = (...values: string[]) =>
    fc.array(fc.constantFrom(...values), { minLength: 1, maxLength: 6 })
  const row = fc.record({
    continent: list('EU', 'Asia', '!AF'),
    country: list('FR', 'DE', '!RU', 'Spain'),
    state: list('US/CA', 'FR-IDF', '!DE/BE'),
    city: list('FR/Paris', 'DE/Berlin', '!IT/Rome'),
    area: list('alps', 'eu', '!coast'),
  })
  const withOrder = row.chain((values) =>
    fc.tuple(
      fc.constant(values),
      fc.record(
        Object.fromEntries(
          Object.entries(values).map(([key, each]) => [
            key,
            fc.shuffledSubarray(each, { minLength: each.length }),
          ]),
        ),
      ),
    ),
  )
  fc.assert(
    fc.property(withOrder, ([a, b]) => {
      const joined = (values: Record<string, string[]>) =>
        Object.fromEntries(Object.entries(values).map(([key, each]) => [key, each.join(',')]))
      const doubled = (values: Record<string, string[]>) =>
        Object.fromEntries(
          Object.entries(values).map(([key, each]) => [key, [...each, ...each].join(' , ')]),
        )
      const [first] = rowsOf(joined(a))
      const [second] = rowsOf(doubled(b))
      return (
        first !== undefined &&
        first.id === second?.id &&
        JSON.stringify(first) === JSON.stringify(second)
      )
    }),
    { numRuns: 300 },
  )
})

t.test('limits can be set', async (t) => {
  const values = placementKeys({ 'edge-net.io/nodes': '11' }, FIELD)
  t.throws(() => readSelection(values, FIELD, { limits: { ...LIMITS, nodes: 10 } }), {
    message: /from 1 to 10/,
  })
})
