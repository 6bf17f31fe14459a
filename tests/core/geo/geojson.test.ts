import fc from 'fast-check'
import t from 'tap'
import { readGeometry, readShape } from '../../../core/geo/geojson.ts'
import { GEO_AREA_LIMITS } from '../../../core/geo/limits.ts'
import type { Position, Shape } from '../../../core/geo/types.ts'
import { Refusal } from '../../../core/refusal.ts'

const FIELD = 'edge-net.io/area'
const RING = [
  [2, 48],
  [3, 48],
  [3, 49],
  [2, 49],
  [2, 48],
]
const polygon = (...coordinates: unknown[]) => ({ type: 'Polygon', coordinates })
const ring = (...first: unknown[]) => polygon([...first, ...RING])
const nested = (depth: number): unknown => {
  let node: unknown = polygon(RING)
  for (let i = 0; i < depth; i++) node = { type: 'GeometryCollection', geometries: [node] }
  return node
}
const circle = (n: number) => {
  const points = Array.from({ length: n }, (_, i) => {
    const angle = (2 * Math.PI * i) / n
    return [Math.cos(angle) * 10, Math.sin(angle) * 10]
  })
  return [...points, points[0]]
}

t.test('what is refused, with which code and which words', async (t) => {
  const cases: [string, unknown, string, RegExp][] = [
    ['no JSON', '{"type":', 'NOT_JSON', /not valid JSON/],
    ['a name', 'alps', 'NOT_JSON', /not valid JSON/],
    ['empty text', '', 'NOT_JSON', /not valid JSON/],
    ['JSON null', 'null', 'STRUCTURE', /is null/],
    ['undefined', undefined, 'STRUCTURE', /must be a GeoJSON object/],
    ['a number', 5, 'STRUCTURE', /is 5/],
    [
      'a bare ring',
      JSON.stringify(RING),
      'STRUCTURE',
      /\{"type":"Polygon","coordinates".* is a list/,
    ],
    ['no type', {}, 'TYPE', /has no "type"/],
    ['a type that is no text', { type: 7 }, 'TYPE', /has 7 as "type"/],
    ['lower case', { ...polygon(RING), type: 'polygon' }, 'TYPE', /did you mean "Polygon"/],
    ['misspelt', { ...polygon(RING), type: 'MultiPoligon' }, 'TYPE', /did you mean "MultiPolygon"/],
    ['something else', { type: 'Circle' }, 'TYPE', /must be Polygon, MultiPolygon/],
    ['prototype key as type', { type: '__proto__' }, 'TYPE', /unknown type/],
    ['another', { type: 'constructor', coordinates: [] }, 'TYPE', /unknown type/],
    ['inherited members', Object.create(polygon(RING)), 'TYPE', /has no "type"/],
    [
      'members under __proto__',
      '{"__proto__":{"type":"Polygon","coordinates":[]}}',
      'TYPE',
      /no "type"/,
    ],
    ['a point', { type: 'Point', coordinates: [2, 48] }, 'TYPE', /Point, which has no area.*near/],
    ['a line', { type: 'LineString', coordinates: RING }, 'TYPE', /LineString, which has no area/],
    [
      'a point among polygons',
      {
        type: 'GeometryCollection',
        geometries: [polygon(RING), { type: 'Point', coordinates: [2, 48] }],
      },
      'TYPE',
      /geometries\[1\] is a Point/,
    ],
    [
      'a feature without geometry',
      { type: 'Feature', geometry: null },
      'STRUCTURE',
      /geometry must be a GeoJSON object.*null/,
    ],
    [
      'a collection without features',
      { type: 'FeatureCollection' },
      'STRUCTURE',
      /features is missing/,
    ],
    ['an empty collection', { type: 'FeatureCollection', features: [] }, 'EMPTY', /no polygon/],
    ['an empty multipolygon', { type: 'MultiPolygon', coordinates: [] }, 'EMPTY', /no polygon/],
    ['a polygon without rings', polygon(), 'EMPTY', /coordinates has no ring/],
    [
      'coordinates that are an object',
      { type: 'Polygon', coordinates: { length: 1 } },
      'STRUCTURE',
      /coordinates must be a list, but is an object/,
    ],
    ['no coordinates', { type: 'Polygon' }, 'STRUCTURE', /coordinates is missing/],
    [
      'a polygon one level too flat',
      { type: 'Polygon', coordinates: RING },
      'STRUCTURE',
      /coordinates\[0\]\[0\] must be a position.* is 2/,
    ],
    [
      'a polygon one level too deep',
      polygon([RING]),
      'NUMBER',
      /coordinates\[0\]\[0\]\[0\] must be a finite number of degrees, but is a list/,
    ],
    ['a ring that is text', polygon('ring'), 'STRUCTURE', /must be a ring.*"ring"/],
    [
      'a position that is an object',
      ring({ lon: 2, lat: 48 }),
      'STRUCTURE',
      /must be a position, \[longitude, latitude\], but is an object/,
    ],
    ['a position of one number', ring([2]), 'STRUCTURE', /a list of 1/],
    [
      'text in place of a number',
      ring([2, '48']),
      'NUMBER',
      /coordinates\[0\]\[0\]\[1\] must be a finite number.*"48"/,
    ],
    ['null', ring([null, 48]), 'NUMBER', /is null/],
    ['NaN', ring([Number.NaN, 48]), 'NUMBER', /is NaN/],
    ['Infinity', ring([2, Number.POSITIVE_INFINITY]), 'NUMBER', /is Infinity/],
    ['a third coordinate that is no number', ring([2, 48, 'x']), 'NUMBER', /\[0\]\[2\]/],
    [
      'a number too large for a double',
      `{"type":"Polygon","coordinates":[[[2,48],[1${'0'.repeat(400)},48],[3,49],[2,48]]]}`,
      'NUMBER',
      /Infinity/,
    ],
    [
      '300 digits',
      `{"type":"Polygon","coordinates":[[[2,48],[1${'0'.repeat(300)},48],[3,49],[2,48]]]}`,
      'RANGE',
      /longitude 1e\+300/,
    ],
    ['a latitude out of range', ring([120, 95]), 'RANGE', /latitude 95, outside -90 to 90/],
    [
      'swapped',
      ring([35.68, 139.69]),
      'SWAPPED',
      /longitude first, did you mean \[139.69, 35.68\]/,
    ],
    ['a longitude out of range', ring([541, 48]), 'RANGE', /longitude 541/],
    ['three positions', polygon(RING.slice(0, 3)), 'POSITIONS', /3 positions.*at least 4/],
    ['not closed', polygon(RING.slice(0, 4)), 'UNCLOSED', /not closed; add \[2, 48\] as its last/],
    [
      'hole not closed',
      polygon(RING, RING.slice(0, 4)),
      'UNCLOSED',
      /coordinates\[1\] is not closed/,
    ],
    [
      'one place',
      polygon([
        [1, 1],
        [1, 1],
        [1, 1],
        [1, 1],
      ]),
      'ZERO_AREA',
      /encloses no area/,
    ],
    [
      'one line',
      polygon([
        [0, 0],
        [10, 30],
        [5, 15],
        [0, 0],
      ]),
      'ZERO_AREA',
      /encloses no area/,
    ],
    [
      'there and back',
      polygon([
        [0, 0],
        [10, 0],
        [10, 10],
        [10, 0],
        [0, 0],
      ]),
      'ZERO_AREA',
      /encloses no area/,
    ],
    [
      'less than a centimetre',
      polygon([
        [0, 0],
        [1e-9, 0],
        [0, 1e-9],
        [0, 0],
      ]),
      'ZERO_AREA',
      /no area/,
    ],
    [
      'wider than the Earth',
      polygon([
        [-180, 0],
        [0, 0],
        [180, 0],
        [200, 0],
        [200, 9],
        [100, 9],
        [0, 9],
        [-180, 9],
        [-180, 0],
      ]),
      'TOO_WIDE',
      /more than once/,
    ],
    [
      'twice round the pole',
      polygon([
        [0, 60],
        [120, 60],
        [-120, 60],
        [0, 65],
        [120, 65],
        [-120, 65],
        [0, 60],
      ]),
      'TOO_WIDE',
      /more than once/,
    ],
    ['nested too deep', nested(9), 'TOO_DEEP', /nested more than 8 deep/],
    ['nested far too deep', nested(100_000), 'TOO_DEEP', /nested more than 8 deep/],
    ['a bomb of brackets', '['.repeat(100_000) + ']'.repeat(100_000), 'STRUCTURE', /is a list/],
    [
      'text over the limit',
      JSON.stringify({ ...polygon(RING), note: 'x'.repeat(200_000) }),
      'TOO_LARGE',
      /200000 bytes.*GeoArea/,
    ],
    [
      'bytes over the limit',
      JSON.stringify({ ...polygon(RING), note: 'é'.repeat(150_000) }),
      'TOO_LARGE',
      /200000 bytes/,
    ],
    ['too many positions', polygon(circle(20_000)), 'TOO_LARGE', /20001 positions, at most 20000/],
    [
      'a million positions that are none',
      polygon(Array.from({ length: 1e6 })),
      'TOO_LARGE',
      /1000000 positions/,
    ],
    [
      'too many polygons',
      { type: 'MultiPolygon', coordinates: Array.from({ length: 2001 }, () => [RING]) },
      'TOO_LARGE',
      /2001 polygons/,
    ],
    [
      'too many features',
      { type: 'FeatureCollection', features: Array.from({ length: 1e6 }) },
      'TOO_LARGE',
      /1000000 members/,
    ],
    [
      'made to be slow',
      polygon([
        ...Array.from({ length: 4000 }, (_, i) => [i % 2 ? 89 : -89, -60 + i / 50]),
        [-89, -61],
        [-89, -60],
      ]),
      'TANGLED',
      /to and fro/,
    ],
  ]
  for (const [name, value, code, words] of cases) {
    const started = performance.now()
    try {
      readShape(value, FIELD)
      t.fail(`${name}: taken`)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      t.equal(error.code, `EDGENET_GEOMETRY_${code}`, name)
      t.equal(error.field, FIELD, `${name}: field`)
      t.match(error.message, words, `${name}: message`)
      t.ok(
        error.message.startsWith(`${FIELD}: `) && error.message.length < 400,
        `${name}: one sentence`,
      )
    }
    // A bound for what must not hang, far above what it takes.
    t.ok(performance.now() - started < 2000, `${name}: refused at once`)
  }
})

t.test('limits are options', async (t) => {
  const large = polygon(circle(30_000))
  t.equal(readShape(large, 'spec.geojson', GEO_AREA_LIMITS).polygons[0]?.[0]?.length, 30_001)
  t.throws(() => readShape(polygon(circle(5)), 'x', { vertices: 5 }), {
    code: 'EDGENET_GEOMETRY_TOO_LARGE',
  })
  t.throws(() => readShape(nested(2), 'x', { depth: 1 }), { code: 'EDGENET_GEOMETRY_TOO_DEEP' })
  t.throws(() => readShape(JSON.stringify(polygon(RING)), 'x', { bytes: 20 }), {
    code: 'EDGENET_GEOMETRY_TOO_LARGE',
  })
})

t.test('one shape in many writings has one hash', async (t) => {
  const [a, b, c, d] = RING as [number[], number[], number[], number[]]
  const square = readShape(polygon(RING), FIELD)
  t.match(square.hash, /^[0-9a-f]{20}$/)
  t.same(
    square.polygons,
    [
      [
        [
          [2, 48],
          [2, 49],
          [3, 49],
          [3, 48],
          [2, 48],
        ],
      ],
    ],
    'the normal form',
  )
  const feature = { type: 'Feature', properties: null, geometry: polygon(RING) }
  const same: Record<string, unknown> = {
    text: ` ${JSON.stringify(polygon(RING), null, 2)}\n`,
    feature,
    collection: { type: 'FeatureCollection', features: [feature, feature] },
    geometries: { type: 'GeometryCollection', geometries: [polygon(RING), nested(3)] },
    multi: { type: 'MultiPolygon', coordinates: [[RING]] },
    'another start': polygon([c, d, a, b, c]),
    'the other way': polygon([a, d, c, b, a]),
    'a third coordinate': polygon(RING.map((position) => [...position, 120])),
    repeats: polygon([a, a, b, b, b, c, d, a, a]),
    'a turn further': polygon(RING.map(([lon = 0, lat]) => [lon + 360, lat])),
    'a turn before': polygon(RING.map(([lon = 0, lat]) => [lon - 360, lat])),
    'noise under a centimetre': polygon(RING.map(([lon = 0, lat = 0]) => [lon + 2e-8, lat - 2e-8])),
  }
  for (const [name, value] of Object.entries(same))
    t.equal(readShape(value, FIELD).hash, square.hash, name)
  t.not(readShape(polygon([a, b, c, a]), FIELD).hash, square.hash, 'a triangle is another shape')
  t.not(
    readShape(polygon(RING.map(([lon = 0, lat]) => [lon + 1e-7, lat])), FIELD).hash,
    square.hash,
    'so is a centimetre',
  )
  const [one, two] = [RING, RING.map(([lon = 0, lat]) => [lon + 2, lat])]
  const around = [
    [0, 40],
    [9, 40],
    [9, 52],
    [0, 52],
    [0, 40],
  ]
  t.equal(
    readShape(polygon(around, one, two), FIELD).hash,
    readShape(polygon(around, two, one), FIELD).hash,
    'order of holes',
  )
  const south = readShape(
    polygon([
      [0, -60],
      [120, -65],
      [-120, -63],
      [0, -60],
    ]),
    FIELD,
  )
  t.same(
    south.polygons[0]?.[0]?.slice(-4),
    [
      [480, -65],
      [480, -90],
      [120, -90],
      [120, -65],
    ],
    'a cap is closed from its position next to the pole',
  )
  const zero = (value: number) =>
    readShape(
      polygon([
        [value, 1],
        [5, 1],
        [5, value],
        [value, 1],
      ]),
      FIELD,
    )
  t.equal(zero(-0).hash, zero(0).hash, 'minus zero')
})

t.test(
  'order of rings, holes and polygons, also over the antimeridian and round the pole',
  async () => {
    const star = fc
      .array(fc.integer({ min: 300, max: 900 }), { minLength: 3, maxLength: 8 })
      .map((radii) => {
        const ring = (scale: number): Position[] =>
          radii.map((radius, i) => {
            const angle = (2 * Math.PI * i) / radii.length
            return [
              Math.round(Math.cos(angle) * radius * scale) / 100,
              Math.round(Math.sin(angle) * radius * scale) / 100,
            ]
          })
        return [ring(1), ring(0.3)]
      })
    const turned = (ring: Position[], by: number, backwards: boolean): Position[] => {
      const moved = [...ring.slice(by % ring.length), ...ring.slice(0, by % ring.length)]
      if (backwards) moved.reverse()
      return [...moved, moved[0] as Position]
    }
    const shifted = (lon: number, ring: Position[]): Position[] =>
      ring.map(([x, y]) => [Math.round((x + lon) * 100) / 100, y])
    const wrapped = (ring: Position[]): Position[] =>
      ring.map(([x, y]) => [x > 180 ? Math.round((x - 360) * 100) / 100 : x, y])
    fc.assert(
      fc.property(star, star, fc.nat(8), fc.boolean(), (first, second, by, back) => {
        const [outer = [], hole = []] = first.map((each) => shifted(176, each))
        const other = (second[0] ?? []).map(([x, y]): Position => [x, y + 30])
        const plain = readShape(
          {
            type: 'MultiPolygon',
            coordinates: [
              [turned(outer, 0, false), turned(hole, 0, false)],
              [turned(other, 0, false)],
            ],
          },
          FIELD,
        )
        const odd = readShape(
          {
            type: 'MultiPolygon',
            coordinates: [
              [turned(other, by, back)],
              [turned(wrapped(outer), by, !back), turned(wrapped(hole), by + 1, back)],
            ],
          },
          FIELD,
        )
        return plain.hash === odd.hash
      }),
    )
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 50, max: 53 }), { minLength: 5, maxLength: 12 }),
        fc.nat(12),
        fc.boolean(),
        fc.boolean(),
        (lats, by, back, south) => {
          const sign = south ? -1 : 1
          const around = lats.map(
            (lat, i): Position => [Math.round((360 * i) / lats.length) - 170, sign * lat],
          )
          const cap = (ring: Position[]): Shape => readShape(polygon(wrapped(ring)), FIELD)
          return cap(turned(around, 0, false)).hash === cap(turned(around, by, back)).hash
        },
      ),
    )
  },
)

t.test('warnings say what can be read in two ways', async (t) => {
  const warn = (...rings: unknown[]) => readGeometry(polygon(...rings), FIELD).warnings
  t.same(warn(RING), [])
  t.same(warn(circle(10_000)), [], 'a large outline is checked and clean')
  t.match(
    warn([
      [170, 40],
      [-170, 40],
      [-170, 50],
      [170, 50],
      [170, 40],
    ]),
    [/^coordinates\[0\] has a step over more than 180 degrees.*short way/],
  )
  t.match(
    warn([
      [0, 60],
      [120, 60],
      [-120, 60],
      [0, 60],
    ]),
    [/step/, /cap over the North Pole/],
  )
  t.match(
    warn([
      [0, -60],
      [120, -60],
      [-120, -60],
      [0, -60],
    ]),
    [/step/, /cap over the South Pole.*latitude -90/],
  )
  t.match(
    warn([
      [-180, 40],
      [-90, 42],
      [0, 38],
      [90, 41],
      [180, 40],
      [-180, 40],
    ]),
    [/step of 360 degrees.*latitude 90 or -90/, /crosses itself/],
  )
  t.match(
    warn([
      [0, 0],
      [10, 10],
      [10, 0],
      [0, 10],
      [0, 0],
    ]),
    [/crosses itself near \[0.0000, 0.0000\]/],
    'bow tie',
  )
  t.same(
    warn([
      [0, 0],
      [4, 0],
      [4, 4],
      [2, 0],
      [0, 4],
      [0, 0],
    ]),
    [],
    'touching is not crossing',
  )
  const zigzag = [
    [0, 60],
    [60, 65],
    [120, 60],
    [180, 65],
    [-120, 60],
    [-60, 65],
    [0, 60],
  ]
  t.match(warn(zigzag), [/short way/, /cap over/])
  t.equal(warn(zigzag).length, 2, 'the way round does not cross itself')
  const jagged = Array.from({ length: 9000 }, (_, i) => [(i % 2) * 10, i / 150])
  t.match(warn([...jagged, [-1, 60], [-1, 0], [0, 0]]), [/too tangled to be checked/])
  const deep = {
    type: 'FeatureCollection',
    features: [...Array.from({ length: 9 }, () => nested(10)), nested(10)],
  }
  const crossed = JSON.parse(JSON.stringify(deep).replaceAll('[3,49],[2,49]', '[2,49],[3,49]'))
  crossed.features = crossed.features.map((geometry: unknown) => ({ type: 'Feature', geometry }))
  const all = [
    ...warn([
      [0, 60],
      [120, 60],
      [-120, 60],
      [0, 60],
    ]),
    ...readGeometry(crossed, FIELD, { depth: 15 }).warnings,
  ]
  t.ok(
    all.length === 3 && all.every((each) => Buffer.byteLength(each) < 256),
    'each under 256 bytes',
  )
})

t.test('never anything but a shape or a refusal', async () => {
  const junk = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom<unknown>(
        null,
        0,
        -0,
        1,
        180,
        -180,
        90,
        200,
        1e308,
        Number.NaN,
        '',
        '5',
        true,
        undefined,
      ),
      fc.array(tie('value'), { maxLength: 6 }),
      fc.array(fc.array(fc.integer({ min: -200, max: 200 }), { minLength: 2, maxLength: 3 }), {
        maxLength: 6,
      }),
      fc.record({
        type: fc.constantFrom(
          'Polygon',
          'MultiPolygon',
          'Feature',
          'FeatureCollection',
          'GeometryCollection',
          'x',
        ),
        coordinates: tie('value'),
        geometry: tie('value'),
        features: tie('value'),
        geometries: tie('value'),
      }),
    ),
  })).value
  fc.assert(
    fc.property(fc.oneof(junk, fc.string({ unit: 'binary' }), fc.json()), (value) => {
      try {
        return /^[0-9a-f]{20}$/.test(readShape(value, FIELD).hash)
      } catch (error) {
        return error instanceof Refusal && error.code.startsWith('EDGENET_GEOMETRY_')
      }
    }),
    { numRuns: 2000 },
  )
})
