import fc from 'fast-check'
import t from 'tap'
import { AreaIndex } from '../../../core/placement/choice/area-index.ts'
import { type Conditions, hostEnterObstacle } from '../../../core/placement/choice/eligible.ts'
import {
  FactTable,
  IN,
  OUT,
  UNDEFINED,
  UNLOCATED,
} from '../../../core/placement/choice/fact-table.ts'
import { Hosts } from '../../../core/placement/choice/hosts.ts'
import { factObstacle } from '../../../core/placement/choice/membership.ts'
import { NodeStore } from '../../../core/placement/choice/node-store.ts'
import { RESTRICTED } from '../../../core/placement/labels.ts'
import type { Area, NodeView, Requirement, Row } from '../../../core/placement/types.ts'
import { CITY_NAMES, type City, CONDITIONS, inCity, inCountry, nodeIn, outline } from './nodes.ts'

const named = (name: string): Area => ({ kind: 'named', name })
const shape: Area = { kind: 'shape', shape: outline(40) }
const circle: Area = { kind: 'circle', lat: 48, lon: 2, km: 500 }

const notIn = (...values: string[]): Requirement[] => [
  { key: 'edge-net.io/country-iso', operator: 'NotIn', values },
]

const anyRow: fc.Arbitrary<Row> = fc
  .record({
    id: fc.constant('r'),
    attributes: fc.constantFrom(
      [],
      inCountry('FR'),
      inCity('Paris', 'Tokyo'),
      [...inCountry('FR', 'DE'), ...inCity('Berlin')],
      notIn('DE'),
    ),
    anyOf: fc.constantFrom([], [named('a')], [named('b'), shape], [circle]),
    noneOf: fc.constantFrom([], [named('b')], [shape, named('a')]),
    near: fc.constantFrom(undefined, { lat: 48, lon: 2 }, { lat: 52, lon: 13, km: 300 }),
  })
  .map(({ near, ...row }) => (near ? { ...row, near } : row))

type Step = (table: FactTable, nodes: Map<string, NodeView>, areas: AreaIndex) => void

const anyNode = fc
  .record({
    name: fc.constantFrom('n0', 'n1', 'n2', 'n3', 'n4'),
    city: fc.constantFrom(...CITY_NAMES),
    located: fc.constantFrom('yes', 'yes', 'country only', 'no'),
    chosen: fc.boolean(),
  })
  .map(({ name, city, located, chosen }) => {
    const node = nodeIn(city as City, name)
    const { place, ...rest } = node
    const labels = located === 'no' ? {} : { ...node.labels }
    if (chosen) labels[`${RESTRICTED}use-x`] = 'true'
    return { ...rest, labels, ...(located === 'yes' && place && { place }) }
  })

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: anyNode.map(
      (node): Step =>
        (table, nodes) => {
          nodes.set(node.name, node)
          table.set(node)
        },
    ),
  },
  fc.constantFrom('n0', 'n1', 'n2').map(
    (name): Step =>
      (table, nodes, areas) => {
        nodes.delete(name)
        areas.forget(name)
        table.delete(name)
      },
  ),
  fc.tuple(fc.constantFrom('a', 'b'), fc.constantFrom(undefined, ['FR'], ['DE', 'JP'])).map(
    ([name, countries]): Step =>
      (table, _, areas) => {
        areas.define(name, countries && { countries })
        table.redefine(name)
      },
  ),
)

const CODES = new Map([
  [undefined, IN],
  ['Outside', OUT],
  ['Unlocated', UNLOCATED],
  ['AreaUnknown', UNDEFINED],
])

t.test('whatever changes, the table says of every row what the nodes themselves say', async (t) => {
  const steps = fc.array(fc.tuple(anyStep, anyRow), { maxLength: 30 })
  fc.assert(
    fc.property(steps, (all) => {
      const areas = new AreaIndex()
      const table = new FactTable(areas.inside)
      const nodes = new Map<string, NodeView>()
      for (const [step, row] of all) {
        step(table, nodes, areas)
        const verdicts = table.verdicts(row)
        const right = new Map(
          [...nodes.values()].map((node) => [
            node.name,
            CODES.get(factObstacle(row, node, areas.inside)?.reason),
          ]),
        )
        const found = new Map(
          [...nodes.keys()].map((name) => [name, verdicts[table.slot(name) ?? -1]]),
        )
        t.strictSame(found, right)
        const hosts = new Hosts(table, { ...CONDITIONS, inside: areas.inside })
        const members = [...hosts.members(row)].map((slot) => hosts.node(slot).name)
        t.strictSame(
          members.sort(),
          [...right].flatMap(([name, code]) => (code === IN ? [name] : [])).sort(),
        )
        t.equal(
          hosts.unjudged(row).length,
          [...right.values()].filter((c) => c === UNDEFINED).length,
        )
        t.strictSame([...table.values()].map(({ name }) => name).sort(), [...nodes.keys()].sort())
        t.equal(
          table.unlocated,
          [...nodes.values()].filter(({ labels }) => !labels['edge-net.io/country-iso']).length,
        )
        t.strictSame(
          new Map(
            [...nodes.keys()].map((name) => {
              const { values, indices } = table.label('edge-net.io/city')
              return [name, values[indices[table.slot(name) ?? -1] ?? -1]]
            }),
          ),
          new Map([...nodes].map(([name, { labels }]) => [name, labels['edge-net.io/city'] ?? ''])),
        )
      }
    }),
    { numRuns: 300 },
  )
})

const taint = (effect: string) => ({ key: 'k', effect })

const anyHost = fc.record({
  ready: fc.boolean(),
  schedulable: fc.boolean(),
  taints: fc.subarray([taint('NoSchedule'), taint('PreferNoSchedule'), taint('NoExecute')]),
  allocatable: fc.constantFrom<Record<string, number>>(
    { cpu: 1000, memory: 100, pods: 1 },
    { cpu: 1000, memory: 100, pods: 0 },
    { memory: 100, pods: 10 },
    { cpu: 500, pods: 10, gpu: 1 },
    {},
  ),
})

const anyConditions: fc.Arbitrary<Conditions> = fc
  .record({
    requests: fc.constantFrom<Record<string, number>>(
      {},
      { cpu: 0 },
      { cpu: 700 },
      { cpu: 500, memory: 100 },
      { memory: Number.NaN },
      { gpu: 1 },
      { pods: 5 },
    ),
    nodeSelector: fc.constantFrom<Record<string, string>>({}, {}, { 'edge-net.io/city': 'Paris' }),
    tolerations: fc.constantFrom([], [{ operator: 'Exists' }]),
    names: fc.subarray(['lost', 'heldDown', 'capped', 'pools'] as const),
  })
  .map(({ names, ...demand }) => ({
    ...CONDITIONS,
    demand,
    ...Object.fromEntries(names.map((name) => [name, new Set(['n1', 'shared'])])),
  }))

t.test('what the columns tell of a node is what itself tells', async (t) => {
  const hosts = fc.array(anyHost, { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(hosts, anyConditions, (all, conditions) => {
      const nodes = all.map((host, i) => nodeIn('Paris', `n${i}`, host))
      const table = FactTable.of(nodes, conditions.inside)
      const found = new Hosts(table, conditions)
      for (const node of nodes) {
        const slot = table.slot(node.name) ?? -1
        t.strictSame(found.obstacle(slot), hostEnterObstacle(node, conditions))
        t.strictSame(found.obstacle(slot), hostEnterObstacle(node, conditions), 'asked again')
        t.equal(table.columns.isReady(slot), node.ready)
      }
    }),
    { numRuns: 500 },
  )
})

t.test('what a node is full of', async (t) => {
  const store = new NodeStore(() => undefined, 2)
  const labels = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`${RESTRICTED}use-${i}`, 'true']))
  const set = (count: number, version: number) =>
    store.set({ view: nodeIn('Paris', 'n', { labels: labels(count) }), version })
  set(1, 1)
  t.strictSame([...store.capped], [])
  set(2, 2)
  t.strictSame([...store.capped], ['n'])
  set(1, 1)
  t.strictSame([...store.capped], ['n'], 'an earlier state is not taken')
  set(1, 3)
  t.strictSame([...store.capped], [])
  set(3, 4)
  store.delete('n')
  t.strictSame([...store.capped], [])
  t.equal(store.facts.get('n'), undefined)
})
