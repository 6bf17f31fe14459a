import fc from 'fast-check'
import t from 'tap'
import { compileCircle, compileShape } from '../../../core/geo/compile.ts'
import { type AreaCompiler, AreaIndex } from '../../../core/placement/choice/area-index.ts'
import { circleOf, factObstacle, type Inside } from '../../../core/placement/choice/membership.ts'
import type { Area, NodeView, Row } from '../../../core/placement/types.ts'
import { CITY_NAMES, inCountry, nodeIn, outline, rowOf } from './nodes.ts'

const named = (name: string): Area => ({ kind: 'named', name })
const paris = nodeIn('Paris', 'paris')

/** Counts what an index compiles and tests. */
function counting() {
  const counts = { compiled: 0, tested: 0 }
  const watch = (area: ReturnType<typeof compileShape>) => {
    counts.compiled++
    return {
      contains: (lat: number, lon: number) => {
        counts.tested++
        return area.contains(lat, lon)
      },
      distanceKm: area.distanceKm,
    }
  }
  const compiler: AreaCompiler = {
    shape: (shape) => watch(compileShape(shape)),
    circle: (lat, lon, km) => watch(compileCircle(lat, lon, km)),
  }
  return { counts, compiler }
}

t.test('which nodes are in the facts of a row', async (t) => {
  const inside: Inside = (area, node) => {
    if (area.kind === 'circle') return node.name === 'paris'
    if (area.kind !== 'named' || area.name === 'nowhere') return undefined
    return area.name === 'all' || area.name === node.name
  }
  const { place: _, ...unplaced } = paris
  const noCountry: NodeView = { ...paris, labels: { 'edge-net.io/city': 'Paris' } }
  const near = { lat: 48, lon: 2, km: 100 }
  const cases: [string, string | undefined, Partial<Row>, NodeView?][] = [
    ['anywhere', undefined, {}],
    ['anywhere, by country alone', undefined, {}, unplaced],
    ['attribute, by country alone', undefined, { attributes: inCountry('FR') }, unplaced],
    ['circle without coordinates', 'Unlocated', { near }, unplaced],
    ['nearest without coordinates', 'Unlocated', { near: { lat: 0, lon: 0 } }, unplaced],
    ['area without coordinates', 'Unlocated', { anyOf: [named('nowhere')] }, unplaced],
    ['excluded without coordinates', 'Unlocated', { noneOf: [named('nowhere')] }, unplaced],
    ['anywhere, no country', 'Unlocated', {}, noCountry],
    ['attribute', undefined, { attributes: inCountry('FR') }],
    ['other attribute', 'Outside', { attributes: inCountry('DE') }],
    ['in one of two', undefined, { anyOf: [named('berlin'), named('paris')] }],
    ['in none', 'Outside', { anyOf: [named('berlin')] }],
    ['in an unknown one', 'AreaUnknown nowhere', { anyOf: [named('nowhere')] }],
    ['unknown, but in the other', undefined, { anyOf: [named('nowhere'), named('paris')] }],
    ['excluded', 'Outside', { noneOf: [named('paris')] }],
    ['not excluded', undefined, { noneOf: [named('berlin')] }],
    ['excluded by an unknown one', 'AreaUnknown nowhere', { noneOf: [named('nowhere')] }],
    ['both wanted and excluded', 'Outside', { anyOf: [named('all')], noneOf: [named('paris')] }],
    ['in the circle', undefined, { near }],
    ['outside the circle', 'Outside', { near }, nodeIn('Lyon', 'lyon')],
    ['nearest has no limit', undefined, { near: { lat: 0, lon: 0 } }, nodeIn('Lyon', 'lyon')],
    ['circle and area', 'Outside', { near, anyOf: [named('berlin')] }],
  ]
  for (const [name, expected, row, node = paris] of cases) {
    const found = factObstacle(rowOf('r', row), node, inside)
    t.equal(found && [found.reason, found.detail].filter(Boolean).join(' '), expected, name)
  }
  const row = rowOf('r', { near })
  t.same(circleOf(row), { kind: 'circle', ...near })
  t.equal(circleOf(row), circleOf(row), 'one object, by which an index may know it')
})

t.test('an index agrees with the geometry, and tests every node once per place', async (t) => {
  const { counts, compiler } = counting()
  const index = new AreaIndex(compiler)
  const shape = outline(400)
  const area: Area = { kind: 'shape', shape }
  const nodes = CITY_NAMES.map((city) => nodeIn(city, city.toLowerCase()))
  const truth = compileShape(shape)
  const check = (node: NodeView) =>
    t.equal(
      index.inside(area, node),
      truth.contains(node.place?.lat ?? 0, node.place?.lon ?? 0),
      `${node.name} ${node.labels['edge-net.io/city']}`,
    )
  nodes.forEach(check)
  nodes.forEach(check)
  t.same(counts, { compiled: 1, tested: nodes.length })
  index.inside({ kind: 'shape', shape: { ...shape } }, paris)
  t.equal(counts.compiled, 1, 'an equal shape is the same area')

  t.test('a moved node is tested again, and only that one', async (t) => {
    const moved = nodeIn('Munich', 'paris')
    const before = counts.tested
    for (const node of [...nodes.filter(({ name }) => name !== 'paris'), moved]) check(node)
    t.equal(counts.tested, before + 1)
    check(nodeIn('Paris', 'paris'))
    check(nodeIn('Munich', 'paris'))
  })

  t.test('the slot of a forgotten node knows nothing of it', async (t) => {
    check(nodeIn('Munich', 'a'))
    index.forget('a')
    index.forget('never-seen')
    check(nodeIn('Tokyo', 'b'))
    check(nodeIn('Munich', 'a'))
    t.pass()
  })
})

t.test('named areas follow their definitions', async (t) => {
  const index = new AreaIndex()
  const alps = named('alps')
  t.equal(index.inside(alps, paris), undefined)
  t.equal(index.isDefined('alps'), false)
  index.define('alps', { countries: ['FR', 'IT'] })
  t.equal(index.inside(alps, paris), true)
  t.equal(index.inside(alps, nodeIn('Berlin', 'b')), false)
  t.equal(
    index.distanceKm(alps, nodeIn('Berlin', 'b')),
    undefined,
    'countries have no outline here',
  )
  index.define('alps', { shape: outline(100, 46, 10, 2) })
  t.equal(index.inside(alps, paris), false)
  const km = index.distanceKm(alps, paris) ?? 0
  t.ok(km > 300 && km < 700, `${km} km`)
  index.define('alps', undefined)
  t.equal(index.inside(alps, paris), undefined)
  index.define('__proto__', { countries: ['FR'] })
  t.equal(index.inside(named('__proto__'), paris), true)
  t.equal(index.inside(named('constructor'), paris), undefined)
  const { place: _, ...unplaced } = paris
  t.equal(index.inside(named('__proto__'), unplaced), true, 'a country needs no coordinates')
  index.define('alps', { shape: outline(100, 46, 10, 2) })
  t.equal(index.inside(alps, unplaced), undefined, 'no coordinates: cannot be said')
})

t.test('bounds: few areas and vertices are remembered, and every answer stays right', async (t) => {
  const { counts, compiler } = counting()
  const index = new AreaIndex(compiler, { areas: 3, vertices: 250 })
  const areas = [1, 2, 3, 4, 5, 6].map(
    (size): Area => ({ kind: 'shape', shape: outline(100, 47, 8, size) }),
  )
  const truths = areas.map((area) => area.kind === 'shape' && compileShape(area.shape))
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(5), fc.constantFrom(...CITY_NAMES), fc.nat(3)), { maxLength: 40 }),
      async (asked) => {
        for (const [i, city, n] of asked) {
          const node = nodeIn(city, `n${n}`)
          const truth = truths[i]
          const expected = (truth || undefined)?.contains(
            node.place?.lat ?? 0,
            node.place?.lon ?? 0,
          )
          if (index.inside(areas[i] as Area, node) !== expected) return false
        }
        return true
      },
    ),
    { numRuns: 50 },
  )
  const before = counts.compiled
  const asked = (i: number) => index.inside(areas[i] as Area, paris)
  asked(0)
  asked(1)
  asked(0)
  asked(1)
  t.ok(counts.compiled <= before + 2, 'what fits is not compiled again')
  for (const i of [2, 3, 4, 5, 0]) asked(i)
  t.ok(counts.compiled >= before + 4, 'what does not fit is')
})

t.test('outlines beyond the bound are let go, their verdicts are not', async (t) => {
  const { counts, compiler } = counting()
  const index = new AreaIndex(compiler, { areas: 100, vertices: 250 })
  const areas = [1, 2, 3, 4].map(
    (size): Area => ({ kind: 'shape', shape: outline(100, 47, 8, size) }),
  )
  const ask = (node: NodeView) => areas.map((area) => index.inside(area, node))
  const first = ask(paris)
  t.equal(counts.compiled, 4)
  t.same(ask(paris), first)
  t.same(counts, { compiled: 4, tested: 4 }, 'answered from memory')
  index.inside(areas[0] as Area, nodeIn('Berlin', 'berlin'))
  t.equal(counts.compiled, 5, 'two outlines of 101 vertices fit, the first was let go')
})

t.test('a warm question costs a small part of a cold one', async (t) => {
  const area: Area = { kind: 'shape', shape: outline(10_000) }
  const row = rowOf('r', { anyOf: [area] })
  const nodes = Array.from({ length: 5000 }, (_, i) =>
    nodeIn('Paris', `n${i}`, { place: { lat: 40 + (i % 100) / 7, lon: (i % 311) / 15 } }),
  )
  const index = new AreaIndex()
  const time = () => {
    const start = performance.now()
    for (const node of nodes) factObstacle(row, node, index.inside)
    return performance.now() - start
  }
  const cold = time()
  const warm = Math.min(time(), time(), time())
  t.ok(warm < cold / 3, `cold ${cold.toFixed(1)} ms, warm ${warm.toFixed(1)} ms`)
})
