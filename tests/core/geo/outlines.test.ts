import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { booleanPointInPolygon } from '@turf/boolean-point-in-polygon'
import fc from 'fast-check'
import t from 'tap'
import { compileShape } from '../../../core/geo/compile.ts'
import { readShape } from '../../../core/geo/geojson.ts'
import { crossSign } from '../../../core/geo/side.ts'
import { spanOf } from '../../../core/geo/span.ts'
import type { CompiledArea, Position, Shape } from '../../../core/geo/types.ts'

const DATA = new URL('../../data/geo/', import.meta.url)
const ROOMY = { bytes: 1e8, vertices: 1e6, polygons: 1e5 }
const compiled = (value: unknown): CompiledArea => compileShape(readShape(value, 'area', ROOMY))
const polygon = (...rings: (readonly (readonly number[])[])[]) => ({
  type: 'Polygon',
  coordinates: rings,
})
const box = (west: number, south: number, east: number, north: number) => [
  [west, south],
  [east, south],
  [east, north],
  [west, north],
  [west, south],
]
const turf = (shape: Shape, lat: number, lon: number): boolean =>
  booleanPointInPolygon([lon, lat], {
    type: 'MultiPolygon',
    coordinates: shape.polygons as unknown as number[][][][],
  })

t.test('every row of truth.csv', async (t) => {
  const areas = new Map<string, CompiledArea>()
  const rows = readFileSync(new URL('truth.csv', DATA), 'utf8').trim().split('\n').slice(1)
  t.equal(rows.length, 81)
  for (const row of rows) {
    const [name = '', point, lat, lon, expected] = row.split(',')
    const area = areas.get(name) ?? compiled(readFileSync(new URL(`${name}.geojson`, DATA), 'utf8'))
    areas.set(name, area)
    t.equal(area.contains(Number(lat), Number(lon)) ? 'in' : 'out', expected, `${point} in ${name}`)
  }
})

t.test('outlines of world-atlas, stitched over the antimeridian', async (t) => {
  const require = createRequire(import.meta.url)
  const { feature } = require('topojson-client') as typeof import('topojson-client')
  type Atlas = Parameters<typeof feature>[0]
  const outline = (scale: string, name: string): CompiledArea => {
    const atlas = require(`world-atlas/countries-${scale}.json`) as Atlas
    const all = feature(atlas, 'countries') as unknown as {
      features: { properties: { name: string } }[]
    }
    return compiled(all.features.find((each) => each.properties.name === name))
  }
  const cases: Record<string, { in: number[][]; out: number[][] }> = {
    Russia: {
      in: [
        [55.752, 37.616],
        [68.055, 166.437],
        [66, -175],
        [71.2, 179.5],
        [71.2, -179.5],
        [54.707, 20.511],
      ],
      out: [
        [67, 0],
        [69, -100],
        [64.501, -165.406],
        [51.18, 71.446],
        [0, 0],
        [90, 0],
        [-90, 0],
      ],
    },
    Antarctica: {
      in: [
        [-78.4644, 106.8373],
        [-89.9975, 180],
        [-89.9975, -180],
        [-86, 12],
        [-85.5, 180],
      ],
      out: [
        [-54.8, -68.3],
        [0, 0],
        [90, 0],
        [-60, 180],
      ],
    },
    Fiji: {
      in: [
        [-17.803, 177.416],
        [-16.433, 179.364],
      ],
      out: [
        [-16.52, 30],
        [-16.54, 0],
        [-16.07, 0],
        [-21.1, -175.2],
        [-16.5, 170],
        [-90, 0],
      ],
    },
    Norway: {
      in: [[59.913, 10.746]],
      out: [
        [59.33, 18.07],
        [60, -170],
      ],
    },
    Canada: {
      in: [
        [45.42, -75.7],
        [82.5, -62.35],
      ],
      out: [
        [42.36, -71.06],
        [61.2, -149.9],
        [90, 0],
      ],
    },
  }
  for (const [name, { in: inside, out: outside }] of Object.entries(cases)) {
    for (const scale of ['110m', '50m', '10m']) {
      const area = outline(scale, name)
      for (const [lat = 0, lon = 0] of inside)
        t.ok(area.contains(lat, lon), `${lat},${lon} in ${name} ${scale}`)
      for (const [lat = 0, lon = 0] of outside)
        t.notOk(area.contains(lat, lon), `${lat},${lon} not in ${name} ${scale}`)
    }
  }
  t.ok(outline('110m', 'Antarctica').contains(-90, 0), 'South Pole, 110m')
  t.ok(outline('10m', 'Antarctica').contains(-90, 77), 'South Pole, 10m')
  t.notOk(outline('50m', 'Antarctica').contains(-90, 0), 'the 50m outline spares the last 100 m')
  for (const scale of ['50m', '10m'])
    t.ok(outline(scale, 'Fiji').contains(-16.7667, -179.9667), `Taveuni ${scale}`)
})

/** A star around a centre: as many radii as vertices, with a hole at `hole` of each radius. */
const star = fc
  .record({
    lon: fc.integer({ min: -600_000, max: 600_000 }),
    lat: fc.integer({ min: -400_000, max: 400_000 }),
    radii: fc.array(fc.integer({ min: 20_000, max: 300_000 }), { minLength: 3, maxLength: 30 }),
    hole: fc.option(fc.double({ min: 0.1, max: 0.9, noNaN: true }), { nil: undefined }),
  })
  .map(({ lon, lat, radii, hole }) => {
    // Whole ten-thousandths of a degree, which every way of writing keeps.
    const ring = (scale: number, turn: number): Position[] => {
      const points = radii.map((radius, i): Position => {
        const angle = (turn * 2 * Math.PI * i) / radii.length
        const [x, y] = [Math.cos(angle) * radius * scale, Math.sin(angle) * radius * scale]
        return [Math.round(lon + x) / 10_000, Math.round(lat + y) / 10_000]
      })
      return [...points, points[0] as Position]
    }
    return hole === undefined ? [ring(1, 1)] : [ring(1, 1), ring(hole, -1)]
  })
const places = fc.array(
  fc.tuple(fc.integer({ min: -7000, max: 7000 }), fc.integer({ min: -9000, max: 9000 })),
  { minLength: 40, maxLength: 40 },
)

t.test('agrees with turf on stars with holes, and on unions of them', async () => {
  fc.assert(
    fc.property(fc.array(star, { minLength: 1, maxLength: 3 }), places, (polygons, points) => {
      const shape = readShape({ type: 'MultiPolygon', coordinates: polygons }, 'area')
      const area = compileShape(shape)
      const corners = polygons.flat(2).map(([lon, lat]) => [lat, lon])
      const asked = [...points.map(([lat, lon]) => [lat / 100, lon / 100]), ...corners]
      return asked.every(([lat = 0, lon = 0]) => area.contains(lat, lon) === turf(shape, lat, lon))
    }),
    { numRuns: 300 },
  )
})

t.test(
  'agrees with turf on edges, corners and self-crossings (whole degrees, where turf is exact)',
  async () => {
    const spot = fc.tuple(fc.integer({ min: -4, max: 4 }), fc.integer({ min: -4, max: 4 }))
    const grid: number[] = Array.from({ length: 19 }, (_, i) => i / 2 - 4.5)
    fc.assert(
      fc.property(fc.array(spot, { minLength: 3, maxLength: 9 }), (points) => {
        const ring = [...points, points[0] as [number, number]]
        let shape: Shape
        try {
          shape = readShape(polygon(ring), 'area')
        } catch {
          // Flat rings are refused: nothing to compare.
          return true
        }
        const area = compileShape(shape)
        return grid.every((lat) =>
          grid.every((lon) => area.contains(lat, lon) === turf(shape, lat, lon)),
        )
      }),
      { numRuns: 300 },
    )
  },
)

t.test('the side of a line is exact', async () => {
  // Pairs of directions with determinant 1 or -1 (steps of a continued fraction), up to a turn long.
  const pair = fc
    .array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 40 })
    .map((steps) => {
      let [dx, dy, px, py] = [1, 0, 0, 1]
      for (const step of steps) {
        const next = [step * dx + px, step * dy + py] as const
        if (Math.max(...next) > 1.8e9) break
        ;[px, py] = [dx, dy]
        ;[dx, dy] = next
      }
      return { dx, dy, px, py }
    })
  fc.assert(
    fc.property(pair, fc.constantFrom(1, -1), ({ dx, dy, px, py }, turn) => {
      const exact = BigInt(dx) * BigInt(turn * py) - BigInt(dy) * BigInt(turn * px)
      const doubled = crossSign(2 * dx, 2 * dy, dx, dy)
      return crossSign(dx, dy, turn * px, turn * py) === Number(exact) && doubled === 0
    }),
    { numRuns: 1000 },
  )
})

t.test('a shape means the same wherever it lies, also over the antimeridian', async () => {
  const wrap = (lon: number): number => {
    const turned = ((((lon + 180) % 360) + 360) % 360) - 180
    return Math.round(turned * 1e4) / 1e4
  }
  fc.assert(
    fc.property(star, places, fc.integer({ min: -180, max: 180 }), (rings, points, shift) => {
      const shape = readShape(polygon(...rings), 'area')
      const moved = rings.map((ring) => ring.map(([lon, lat]): Position => [lon + shift, lat]))
      const jumping = moved.map((ring) => ring.map(([lon, lat]): Position => [wrap(lon), lat]))
      const areas = [moved, jumping].map((each) => readShape(polygon(...each), 'area'))
      if (new Set(areas.map((each) => each.hash)).size !== 1) return false
      const area = compileShape(areas[0] as Shape)
      return points.every(([lat, lon]) => {
        const expected = turf(shape, lat / 100, lon / 100)
        const [x, y] = [lon / 100 + shift, lat / 100]
        return [x, x + 360, wrap(x)].every((each) => area.contains(y, each) === expected)
      })
    }),
    { numRuns: 200 },
  )
})

t.test('one quadrilateral over the antimeridian, written four ways', async (t) => {
  const ways = {
    jump: polygon([
      [170, 40],
      [-170, 50],
      [-170, 60],
      [170, 50],
      [170, 40],
    ]),
    east: polygon([
      [170, 40],
      [190, 50],
      [190, 60],
      [170, 50],
      [170, 40],
    ]),
    west: polygon([
      [-190, 40],
      [-170, 50],
      [-170, 60],
      [-190, 50],
      [-190, 40],
    ]),
    cut: {
      type: 'MultiPolygon',
      coordinates: [
        [
          [
            [170, 40],
            [180, 45],
            [180, 55],
            [170, 50],
            [170, 40],
          ],
        ],
        [
          [
            [-180, 45],
            [-170, 50],
            [-170, 60],
            [-180, 55],
            [-180, 45],
          ],
        ],
      ],
    },
  }
  const { jump, east, west } = ways
  t.equal(new Set([jump, east, west].map((way) => readShape(way, 'a').hash)).size, 1, 'one hash')
  const south = (lon: number): number => 40 + (lon - 170) / 2
  const grid = Array.from({ length: 14 * 26 }, (_, i) => [
    38.317 + (i % 14) * 1.7,
    168.3 + Math.floor(i / 14) * 0.9,
  ])
  const expected = grid.map(
    ([lat = 0, lon = 0]) => lon >= 170 && lon <= 190 && lat >= south(lon) && lat <= south(lon) + 10,
  )
  for (const [name, way] of Object.entries(ways)) {
    const area = compiled(way)
    const written = (lon: number): number => (lon > 180 ? lon - 360 : lon)
    t.same(
      grid.map(([lat = 0, lon = 0]) => area.contains(lat, written(lon))),
      expected,
      name,
    )
    t.ok(area.contains(50, 180) && area.contains(50, -180), `${name}: on the antimeridian`)
  }
})

t.test('poles, boxes round the Earth and holes over the antimeridian', async (t) => {
  const around = (lat: number, step = 45) => {
    const ring: number[][] = []
    for (let lon = -170; lon < 190; lon += step) ring.push([lon > 180 ? lon - 360 : lon, lat])
    return [...ring, ring[0] as number[]]
  }
  const cases: [string, unknown, [number, number][], [number, number][]][] = [
    [
      'cap',
      polygon(around(60)),
      [
        [90, 0],
        [90, 123],
        [61, -180],
        [60, 10],
        [75, 33],
      ],
      [
        [59, 0],
        [-90, 0],
      ],
    ],
    [
      'cap, other direction',
      polygon(around(60).toReversed()),
      [
        [90, 0],
        [75, 33],
      ],
      [
        [59, 0],
        [-90, 0],
      ],
    ],
    [
      'southern cap',
      polygon(around(-60)),
      [
        [-90, 0],
        [-61, 180],
      ],
      [
        [-59, 0],
        [90, 0],
      ],
    ],
    [
      'cap with a cap as hole',
      polygon(around(60), around(80)),
      [
        [70, -170],
        [70, 170],
        [80, 5],
      ],
      [
        [90, 0],
        [85, -170],
        [85, 180],
        [50, 0],
      ],
    ],
    [
      'cap with a hole on its seam',
      polygon(around(60), [
        [185, 70],
        [195, 70],
        [195, 80],
        [185, 80],
        [185, 70],
      ]),
      [
        [75, 180],
        [75, 170],
        [85, -170],
        [90, 0],
      ],
      [
        [75, -170],
        [75, 190],
      ],
    ],
    [
      'cap written out with its pole',
      polygon([
        [-180, 60],
        [0, 55],
        [180, 60],
        [180, 90],
        [-180, 90],
        [-180, 60],
      ]),
      [
        [90, 5],
        [58, 0],
        [70, 180],
      ],
      [
        [58, 179],
        [54, 0],
      ],
    ],
    [
      'band',
      polygon(box(-180, 10, 180, 20)),
      [
        [15, 0],
        [15, 180],
        [15, -180],
        [10, 7],
      ],
      [
        [21, 0],
        [9, 0],
        [90, 0],
      ],
    ],
    [
      'band with a hole over its seam',
      polygon(box(-180, 10, 180, 20), box(170, 12, 190, 18)),
      [
        [15, 0],
        [15, 169],
        [11, 180],
      ],
      [
        [15, 175],
        [15, -175],
        [15, 180],
        [15, -180],
      ],
    ],
    [
      'band with jagged edge',
      polygon([
        [-180, 40],
        [0, 35],
        [180, 40],
        [180, 50],
        [-180, 50],
        [-180, 40],
      ]),
      [
        [37, 0],
        [45, 180],
      ],
      [
        [37, 170],
        [60, 0],
        [90, 0],
      ],
    ],
    [
      'polar band with jagged edge',
      polygon([
        [-180, 70],
        [0, 68],
        [180, 70],
        [180, 80],
        [-180, 80],
        [-180, 70],
      ]),
      [
        [75, 0],
        [69, 0],
      ],
      [
        [85, 0],
        [69, 170],
        [90, 0],
      ],
    ],
    [
      'band with a notch',
      polygon([
        [-180, 40],
        [180, 40],
        [180, 45],
        [170, 47],
        [180, 50],
        [-180, 50],
        [-180, 40],
      ]),
      [
        [45, 0],
        [41, 179],
        [47, 169],
      ],
      [
        [47, 179],
        [51, 0],
      ],
    ],
    [
      'cap with a meridian written twice',
      polygon([
        [0, 60],
        [90, 60],
        [180, 60],
        [-180, 62],
        [180, 64],
        [-90, 60],
        [0, 60],
      ]),
      [
        [61, 0],
        [63, 0],
        [61, 179],
        [90, 0],
      ],
      [
        [59, 0],
        [59, 180],
      ],
    ],
    [
      'belt as a cap and its hole',
      polygon(around(10), around(-10)),
      [
        [0, 0],
        [0, 180],
        [9, 77],
      ],
      [
        [20, 0],
        [-20, 0],
        [90, 0],
        [-90, 0],
      ],
    ],
    [
      'world',
      polygon(box(-180, -90, 180, 90)),
      [
        [90, 0],
        [-90, 0],
        [0, 0],
        [12, 180],
      ],
      [],
    ],
    [
      'triangle with the equator as base',
      polygon([
        [-180, 0],
        [180, 0],
        [0, 80],
        [-180, 0],
      ]),
      [
        [10, 0],
        [79, 0],
      ],
      [
        [10, 179],
        [90, 0],
        [-5, 0],
      ],
    ],
    [
      'wedge at the pole',
      polygon(box(0, 80, 20, 90)),
      [
        [90, 0],
        [90, -100],
        [85, 10],
      ],
      [
        [85, 100],
        [-90, 0],
      ],
    ],
    [
      'wide box written in steps',
      polygon([
        [-170, -5],
        [0, -5],
        [170, -5],
        [170, 5],
        [0, 5],
        [-170, 5],
        [-170, -5],
      ]),
      [
        [0, 0],
        [0, 169],
      ],
      [
        [0, 180],
        [0, -175],
      ],
    ],
    [
      'beyond two turns',
      polygon(box(350, 0, 370, 10)),
      [
        [5, 0],
        [5, 360],
        [5, -5],
      ],
      [
        [5, 20],
        [5, 180],
      ],
    ],
  ]
  for (const [name, value, inside, outside] of cases) {
    const area = compiled(value)
    for (const [lat, lon] of inside) t.ok(area.contains(lat, lon), `${name}: ${lat},${lon} inside`)
    for (const [lat, lon] of outside)
      t.notOk(area.contains(lat, lon), `${name}: ${lat},${lon} outside`)
    for (const odd of [Number.NaN, Number.POSITIVE_INFINITY, 91, -90.1]) {
      t.notOk(area.contains(odd, 0), `${name}: latitude ${odd} is nowhere`)
    }
    t.notOk(area.contains(0, Number.NaN), `${name}: longitude NaN is nowhere`)
  }
})

t.test('the stretch of longitude that an index covers', async (t) => {
  const cases: [string, unknown, number, number][] = [
    ['a box', polygon(box(5, 47, 15, 55)), 5, 10],
    [
      'cut at the antimeridian',
      { type: 'MultiPolygon', coordinates: [[box(177, 0, 180, 9)], [box(-180, 0, -178, 9)]] },
      177,
      5,
    ],
    ['running on over it', polygon(box(170, 0, 190, 9)), 170, 20],
    [
      'over Greenwich, with an island',
      { type: 'MultiPolygon', coordinates: [[box(-10, 0, 5, 9)], [box(20, 0, 30, 9)]] },
      350,
      40,
    ],
    ['round the Earth', polygon(box(-180, 0, 180, 9)), 180, 360],
    [
      'far apart',
      { type: 'MultiPolygon', coordinates: [[box(0, 0, 10, 9)], [box(-110, 0, -100, 9)]] },
      250,
      120,
    ],
    [
      'round the Earth and beyond',
      { type: 'MultiPolygon', coordinates: [[box(-180, 0, 180, 9)], [box(170, 0, 190, 9)]] },
      170,
      360,
    ],
  ]
  for (const [name, value, from, width] of cases) {
    t.same(spanOf(readShape(value, 'area')), { from: from * 1e7, width: width * 1e7 }, name)
  }
})

/** Pseudo-random numbers in [0, 1) that are the same in every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let z = Math.imul(state ^ (state >>> 15), 1 | state)
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A coast of `n` vertices around 45° N 10° E. */
function coast(n: number, random: () => number): number[][] {
  let height = 0
  const ring = Array.from({ length: n }, (_, i) => {
    height = height * 0.99 + (random() - 0.5) * 0.002
    const angle = (2 * Math.PI * i) / n
    return [10 + 20 * (1 + height) * Math.cos(angle), 45 + 15 * (1 + height) * Math.sin(angle)]
  })
  return [...ring, ring[0] as number[]]
}

t.test(
  'an outline of 10,000 vertices: at least 20 times as fast as turf, same answers',
  async (t) => {
    const random = seeded(7)
    const shape = readShape(polygon(coast(10_000, random)), 'area', ROOMY)
    const points = Array.from({ length: 20_000 }, () => [30 + random() * 30, random() * 40 - 10])
    const area = compileShape(shape)
    const measure = (
      count: number,
      ask: (lat: number, lon: number) => boolean,
    ): [number, string] => {
      const started = performance.now()
      const answers = points
        .slice(0, count)
        .map(([lat = 0, lon = 0]) => (ask(lat, lon) ? '1' : '0'))
      return [(performance.now() - started) / count, answers.join('')]
    }
    const best = (count: number, ask: (lat: number, lon: number) => boolean): [number, string] =>
      Array.from({ length: 3 }, () => measure(count, ask)).sort((a, b) => a[0] - b[0])[0] as [
        number,
        string,
      ]
    const [slow, expected] = best(1000, (lat, lon) => turf(shape, lat, lon))
    const [fast, answers] = best(20_000, area.contains)
    t.equal(answers.slice(0, 1000), expected)
    t.ok(
      slow > 20 * fast,
      `turf ${(slow * 1000).toFixed(1)} µs, slabs ${(fast * 1000).toFixed(3)} µs`,
    )
  },
)

t.test('distance to an outline', async (t) => {
  const near = (actual: number, expected: number, name: string) =>
    t.ok(
      Math.abs(actual - expected) <= 0.01 * expected + 0.002,
      `${name}: ${actual} ~ ${expected} km`,
    )
  const degree = (Math.PI / 180) * 6371.0088
  const germany = compiled(polygon(box(5, 47, 15, 55)))
  t.equal(germany.distanceKm(50, 10), 0)
  t.equal(germany.distanceKm(47, 5), 0)
  near(germany.distanceKm(56, 10), degree, 'north of an edge along a parallel')
  near(germany.distanceKm(55.001, 10.5), degree / 1000, 'close to it')
  near(germany.distanceKm(46, 10), degree, 'south of it')
  near(germany.distanceKm(90, 0), 35 * degree, 'from the pole')
  const fiji = compiled(polygon(box(177, -19, 182, -16)))
  near(fiji.distanceKm(-17, -177), degree * Math.cos((17 * Math.PI) / 180), 'over the antimeridian')
  const cap = compiled(
    polygon([
      [45, 40],
      [135, 40],
      [-135, 40],
      [-45, 40],
      [45, 40],
    ]),
  )
  near(cap.distanceKm(30, 0), 10 * degree, 'from below a polar cap')
  const band = compiled(polygon(box(-180, -10, 180, 10)))
  near(band.distanceKm(20, -180), 10 * degree, 'from beside a band')

  // Against every edge cut into very small parts.
  const random = seeded(11)
  for (let round = 0; round < 8; round++) {
    const [a, b, c] = [0, 60, 120].map((lon) => [lon + random() * 50, random() * 160 - 80]) as [
      number[],
      number[],
      number[],
    ]
    const area = compiled(polygon([a, b, c, a]))
    for (let i = 0; i < 12; i++) {
      const [lat, lon] = [random() * 180 - 90, random() * 360 - 180]
      if (area.contains(lat, lon)) continue
      near(area.distanceKm(lat, lon), bruteForce([a, b, c, a], lat, lon), `${lat},${lon}`)
    }
  }
  for (let round = 0; round < 20; round++) {
    const ring = coast(12, random).map(([lon = 0, lat = 0]) => [
      lon + round * 19,
      lat * (1 - random() / 9),
    ])
    ring[12] = ring[0] as number[]
    const area = compiled(polygon(ring))
    for (let i = 0; i < 6; i++) {
      const [lat, lon] = [random() * 180 - 90, random() * 360 - 180]
      if (area.contains(lat, lon)) continue
      near(area.distanceKm(lat, lon), bruteForce(ring, lat, lon), `${lat},${lon}`)
    }
  }
})

function bruteForce(ring: readonly number[][], lat: number, lon: number): number {
  const parts = 2000
  const radians = Math.PI / 180
  let least = Number.POSITIVE_INFINITY
  for (let i = 1; i < ring.length; i++) {
    const [[x0 = 0, y0 = 0], [x1 = 0, y1 = 0]] = [ring[i - 1] as number[], ring[i] as number[]]
    for (let k = 0; k <= parts; k++) {
      const [x, y] = [x0 + ((x1 - x0) * k) / parts, y0 + ((y1 - y0) * k) / parts]
      const cos =
        Math.sin(lat * radians) * Math.sin(y * radians) +
        Math.cos(lat * radians) * Math.cos(y * radians) * Math.cos((lon - x) * radians)
      least = Math.min(least, Math.acos(Math.min(1, cos)) * 6371.0088)
    }
  }
  return least
}
