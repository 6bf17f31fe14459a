import fc from 'fast-check'
import t from 'tap'
import { Assignment, type Seats } from '../../../core/placement/choice/assignment.ts'
import {
  type Conditions,
  enterObstacle,
  stayObstacle,
} from '../../../core/placement/choice/eligible.ts'
import { Holders } from '../../../core/placement/choice/holders.ts'
import { RowOptions } from '../../../core/placement/choice/options.ts'
import { rendezvousSeed, weight } from '../../../core/placement/choice/rendezvous.ts'
import { selectNodes } from '../../../core/placement/choice/select.ts'
import type { SelectInput, SelectResult } from '../../../core/placement/choice/select-types.ts'
import type { NodeView, Row } from '../../../core/placement/types.ts'
import {
  asCurrent,
  byName,
  CITY_NAMES,
  type City,
  CONDITIONS,
  inCity,
  inCountry,
  inputOf,
  nodeIn,
  rowOf,
} from './nodes.ts'

const EUROPE: City[] = ['Paris', 'Lyon', 'Berlin', 'Munich', 'Madrid']
const names = (result: SelectResult, row: string) => result.chosen.get(row) ?? []
const allChosen = (result: SelectResult) => [...result.chosen.values()].flat()
const total = (result: SelectResult) => allChosen(result).length
const nodesIn = (cities: readonly City[], each = 1) =>
  cities.flatMap((city) => Array.from({ length: each }, (_, i) => nodeIn(city, `${city}-${i}`)))

/** Applies a result: what the labels say afterwards. */
const settled = (input: SelectInput, change: Partial<SelectInput> = {}): SelectInput => ({
  ...input,
  current: asCurrent(selectNodes(input).chosen),
  ...change,
})

// Arbitrary cases: rows that overlap by cities, nodes in all states, labels that say anything.

const anyNode = fc.record({
  city: fc.constantFrom(...CITY_NAMES),
  ready: fc.boolean(),
  schedulable: fc.boolean(),
  pool: fc.constantFrom('shared', 'shared', 'other'),
  lost: fc.nat(5).map((n) => n === 0),
  full: fc.nat(3).map((n) => n === 0),
  pods: fc.nat(2),
})

const anyRow = fc.record({
  cities: fc.uniqueArray(fc.constantFrom(...CITY_NAMES), { minLength: 1 }),
  nodes: fc.integer({ min: 1, max: 4 }),
  near: fc.constantFrom(undefined, undefined, { lat: 48, lon: 8 }),
})

const anyInput: fc.Arbitrary<SelectInput> = fc
  .tuple(
    fc.array(anyNode, { maxLength: 9 }),
    fc.array(anyRow, { minLength: 1, maxLength: 4 }),
    fc.array(fc.array(fc.nat(10), { maxLength: 5 }), { maxLength: 4 }),
  )
  .map(([specs, rowSpecs, held]) => {
    const nodes = specs.map(({ city, ready, schedulable, pool }, i) =>
      nodeIn(city, `n${i}`, { ready, schedulable, labels: { 'edge-net.io/pool': pool } }),
    )
    const where = (test: (spec: (typeof specs)[number]) => boolean) =>
      new Set(specs.flatMap((spec, i) => (test(spec) ? [`n${i}`] : [])))
    const full = where((spec) => spec.full)
    const rows = rowSpecs.map(({ cities, nodes, near }, i) =>
      rowOf(`r${i}`, { attributes: inCity(...cities), nodes, ...(near && { near }) }),
    )
    const conditions: Conditions = {
      ...CONDITIONS,
      pools: new Set(['shared']),
      lost: where((spec) => spec.lost),
      free: (node) => (full.has(node.name) ? {} : node.allocatable),
    }
    return inputOf(rows, byName(nodes), {
      conditions,
      current: new Map(held.map((row, i) => [`r${i}`, new Set(row.map((n) => `n${n}`))])),
      podsOn: new Map(specs.map(({ pods }, i) => [`n${i}`, pods])),
    })
  })

/** Labels as an earlier run leaves them, and then some nodes change. */
const anyLater: fc.Arbitrary<SelectInput> = fc.tuple(anyInput, anyInput).map(([first, second]) => {
  const rows = first.rows
  return {
    ...second,
    rows,
    current: asCurrent(selectNodes({ ...first, current: new Map() }).chosen),
  }
})

const nodesOf = (input: SelectInput) => [...input.nodes.values()]

/** Most places that can be filled, by trying everything; `fixed` nodes stay in their rows. */
function mostPlaces(
  { rows }: SelectInput,
  nodes: readonly NodeView[],
  edge: (row: Row, node: NodeView) => boolean,
): number {
  const memo = new Map<string, number>()
  const best = (i: number, left: readonly number[]): number => {
    const node = nodes[i]
    if (!node) return 0
    const key = `${i} ${left}`
    const known = memo.get(key)
    if (known !== undefined) return known
    let most = best(i + 1, left)
    rows.forEach((row, r) => {
      if ((left[r] ?? 0) === 0 || !edge(row, node)) return
      most = Math.max(most, 1 + best(i + 1, left.with(r, (left[r] ?? 0) - 1)))
    })
    memo.set(key, most)
    return most
  }
  return best(
    0,
    rows.map(({ nodes = 0 }) => nodes),
  )
}

const shuffled = <T>(items: readonly T[], seed: number): T[] =>
  items
    .map((item, i) => ({ item, order: Math.imul(i + 1, seed | 1) % 1009 }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item)

const law = (name: string, arbitrary: fc.Arbitrary<SelectInput>, check: (i: SelectInput) => void) =>
  t.test(name, async (t) => {
    fc.assert(fc.property(arbitrary, check), { numRuns: 400 })
    t.pass()
  })

const expect = (condition: boolean, what: string) => {
  if (!condition) throw new Error(what)
}

law(
  'rows hold at most their count, of nodes that may be there, and share none',
  anyInput,
  (input) => {
    const result = selectNodes(input)
    const used = allChosen(result)
    expect(new Set(used).size === used.length, 'a node serves two rows')
    const members = new Set([...input.current.values()].flatMap((row) => [...row]))
    for (const row of input.rows) {
      const chosen = names(result, row.id)
      expect(chosen.length <= (row.nodes ?? 0), 'more than the count')
      for (const name of chosen) {
        const node = input.nodes.get(name)
        if (!node) throw new Error('a node that does not exist')
        const stays = members.has(name) && !stayObstacle(row, node, input.conditions)
        expect(stays || !enterObstacle(row, node, input.conditions), 'a node that may not be there')
      }
    }
  },
)

law('only the difference is written, and applied it is final', anyInput, (input) => {
  const result = selectNodes(input)
  for (const { id } of input.rows) {
    const after = new Set(input.current.get(id) ?? [])
    for (const { row, node } of result.add) {
      if (row !== id) continue
      expect(!after.has(node), 'written twice')
      after.add(node)
    }
    for (const { row, node } of result.remove) {
      if (row === id)
        expect(after.delete(node) && Boolean(input.nodes.get(node)), 'nothing to remove')
    }
    const labelled = [...after].filter((name) => input.nodes.get(name)).sort()
    const held = [...names(result, id), ...(result.kept.get(id) ?? [])].sort()
    expect(String(labelled) === String(held), 'the difference does not add up')
    expect(held.length <= (input.rows.find((row) => row.id === id)?.nodes ?? 0), 'too many labels')
  }
  const labels = [...result.chosen].map(
    ([id, held]) => [id, [...held, ...(result.kept.get(id) ?? [])]] as const,
  )
  const again = selectNodes({ ...input, current: asCurrent(new Map(labels)) })
  expect(again.add.length + again.remove.length === 0, 'a second run changes something')
})

law('nothing depends on order', anyInput, (input) => {
  const expected = JSON.stringify([...selectNodes(input).chosen].sort())
  for (const seed of [3, 17, 101]) {
    const current = new Map(
      shuffled([...input.current], seed).map(([row, held]) => [
        row,
        new Set(shuffled([...held], seed)),
      ]),
    )
    const other = selectNodes({
      ...input,
      nodes: byName(shuffled(nodesOf(input), seed)),
      rows: shuffled(input.rows, seed),
      current,
    })
    expect(
      JSON.stringify([...other.chosen].sort()) === expected,
      `differs when shuffled by ${seed}`,
    )
  }
})

law('as many places are filled as can be', anyLater, (input) => {
  const members = new Set([...input.current.values()].flatMap((row) => [...row]))
  const edge = (row: Row, node: NodeView) =>
    !(members.has(node.name) ? stayObstacle : enterObstacle)(row, node, input.conditions)
  // A member outside its own row's facts is no sticky one, and must be able to enter elsewhere.
  const kept = (node: NodeView) =>
    input.rows.some(
      (row) =>
        input.current.get(row.id)?.has(node.name) && !stayObstacle(row, node, input.conditions),
    )
  const possible = (row: Row, node: NodeView) =>
    kept(node) ? edge(row, node) : !enterObstacle(row, node, input.conditions)
  const result = selectNodes({ ...input, podsOn: new Map() })
  const most = mostPlaces(input, nodesOf(input), possible)
  expect(total(result) === most, `${total(result)} of ${most} places`)
  const missing = input.rows.reduce((sum, { nodes = 0 }) => sum + nodes, 0) - most
  const reported = result.short.reduce((sum, { wanted, chosen }) => sum + wanted - chosen, 0)
  expect(missing === reported, 'the shortfall is not what is missing')
})

law('what may stay does stay, and moves between rows only to fill more', anyLater, (input) => {
  const result = selectNodes(input)
  const owner = new Map(
    input.rows.flatMap(({ id }) => [...(input.current.get(id) ?? [])].map((n) => [n, id])),
  )
  const stayers = input.rows.flatMap((row) =>
    [...(input.current.get(row.id) ?? [])].filter((name) => {
      const node = input.nodes.get(name)
      return node && !stayObstacle(row, node, input.conditions)
    }),
  )
  const chosen = new Set(allChosen(result))
  for (const name of stayers) expect(chosen.has(name), `${name} was given up`)
  const fixed = new Set(stayers)
  const most = mostPlaces(input, nodesOf(input), (row, node) =>
    fixed.has(node.name)
      ? owner.get(node.name) === row.id
      : !enterObstacle(row, node, input.conditions),
  )
  // A bound: with reuse of full nodes more may be possible, never less.
  if (total(result) > most) return
  for (const name of stayers) {
    expect(names(result, owner.get(name) ?? '').includes(name), `${name} moved for nothing`)
  }
})

law('one row: kept up to the count, surplus without pods goes first', anyInput, (input) => {
  const row = input.rows[0] as Row
  const result = selectNodes({ ...input, rows: [row] })
  const stayers = [...(input.current.get(row.id) ?? [])].filter((name) => {
    const node = input.nodes.get(name)
    return node && !stayObstacle(row, node, input.conditions)
  })
  const chosen = names(result, row.id)
  const kept = stayers.filter((name) => chosen.includes(name))
  const dropped = stayers.filter((name) => !chosen.includes(name))
  expect(kept.length === Math.min(stayers.length, row.nodes ?? 0), 'gave up more than the surplus')
  const busy = (name: string) => (input.podsOn?.get(name) ?? 0) > 0
  if (dropped.some(busy)) expect(kept.every(busy), 'dropped one with pods, kept one without')
})

law('a settled choice does not see other nodes come and go', anyInput, (input) => {
  const calm = settled(input)
  const result = selectNodes(calm)
  if (result.short.length > 0) return
  const chosen = new Set(allChosen(result))
  const nodes = nodesOf(input).filter(({ name }) => chosen.has(name))
  for (const change of [nodes, [...nodesOf(input), ...nodesIn(CITY_NAMES)]]) {
    const other = selectNodes({ ...calm, nodes: byName(change) })
    expect(other.add.length + other.remove.length === 0, 'an unrelated node changed the choice')
  }
})

law('at most one new node for each that is lost', anyInput, (input) => {
  const ready = nodesOf(input).map((node) => ({ ...node, ready: true, schedulable: true }))
  const calm = settled({ ...input, nodes: byName(ready), current: new Map() })
  const before = new Set(allChosen(selectNodes(calm)))
  if (selectNodes(calm).short.length > 0) return
  const gone = [...before].slice(0, 2)
  const lost = new Set([...(calm.conditions.lost ?? []), ...gone])
  const after = selectNodes({ ...calm, conditions: { ...calm.conditions, lost } })
  const fresh = allChosen(after).filter((name) => !before.has(name))
  expect(fresh.length <= gone.length, `${fresh.length} new nodes for ${gone.length} lost`)
  const left = [...before].filter((name) => !lost.has(name))
  for (const name of left) expect(allChosen(after).includes(name), `${name} was not lost`)
})

t.test('3 in Europe and 2 in FR, with 2 nodes in FR', async (t) => {
  const rows = [
    rowOf('europe', { attributes: inCity(...EUROPE), nodes: 3 }),
    rowOf('fr', { attributes: inCountry('FR'), nodes: 2 }),
  ]
  const nodes = byName(nodesIn(EUROPE))
  const fresh = selectNodes(inputOf(rows, nodes))
  t.same(names(fresh, 'fr'), ['Lyon-0', 'Paris-0'])
  t.same(names(fresh, 'europe'), ['Berlin-0', 'Madrid-0', 'Munich-0'])
  t.same(fresh.short, [])

  const current = new Map([['europe', new Set(['Paris-0', 'Lyon-0', 'Berlin-0'])]])
  const moved = selectNodes(inputOf(rows, nodes, { current }))
  t.same(moved.chosen, fresh.chosen, 'what one row holds is passed on when the other needs it')
  t.same(moved.remove, [
    { row: 'europe', node: 'Lyon-0' },
    { row: 'europe', node: 'Paris-0' },
  ])

  const more = byName([...nodesIn(EUROPE), nodeIn('Paris', 'Paris-1'), nodeIn('Paris', 'Paris-2')])
  const enough = selectNodes(inputOf(rows, more, { current }))
  t.same(names(enough, 'europe'), ['Berlin-0', 'Lyon-0', 'Paris-0'], 'nobody moves without need')
  t.same(names(enough, 'fr'), ['Paris-1', 'Paris-2'])
  t.equal(enough.remove.length, 0)
})

t.test('a long chain of rows is solved', async (t) => {
  const rows = CITY_NAMES.slice(1).map((city, i) =>
    rowOf(`r${i}`, { attributes: inCity(CITY_NAMES[i] as City, city), nodes: 1 }),
  )
  // Every row holds the second of its two cities; a last one can only have what the first has not.
  const current = new Map(rows.map((row, i) => [row.id, new Set([`${CITY_NAMES[i + 1]}-0`])]))
  const last = rowOf('last', { attributes: inCity(CITY_NAMES.at(-1) as City), nodes: 1 })
  const result = selectNodes(inputOf([...rows, last], byName(nodesIn(CITY_NAMES)), { current }))
  t.same(result.short, [])
  t.equal(total(result), CITY_NAMES.length)
})

t.test('a move that was interrupted between its two writes is completed', async (t) => {
  const rows = [
    rowOf('europe', { attributes: inCity(...EUROPE), nodes: 2 }),
    rowOf('fr', { attributes: inCountry('FR'), nodes: 1 }),
  ]
  const current = new Map([
    ['europe', new Set(['Paris-0', 'Berlin-0', 'Madrid-0'])],
    ['fr', new Set(['Paris-0'])],
  ])
  const result = selectNodes(inputOf(rows, byName(nodesIn(EUROPE)), { current }))
  t.same(result.add, [])
  t.same(result.remove, [{ row: 'europe', node: 'Paris-0' }])
})

t.test('a node that a row gives up serves another one before a new node does', async (t) => {
  const rows = [
    rowOf('europe', { attributes: inCity(...EUROPE), nodes: 1 }),
    rowOf('fr', { attributes: inCountry('FR'), nodes: 1 }),
  ]
  const nodes = byName(nodesIn(EUROPE, 3))
  const current = new Map([['europe', new Set(['Paris-0', 'Paris-1'])]])
  const podsOn = new Map([
    ['Paris-0', 1],
    ['Paris-1', 2],
  ])
  const full = new Set(['Paris-0', 'Paris-1'])
  const conditions: Conditions = {
    ...CONDITIONS,
    free: (node) => (full.has(node.name) ? {} : node.allocatable),
  }
  for (let i = 0; i < 20; i++) {
    const workload = `default/Deployment/web-${i}`
    const given = { workload, current, podsOn }
    const fullNodes = selectNodes(inputOf(rows, nodes, { ...given, conditions }))
    t.same(allChosen(fullNodes).sort(), ['Paris-0', 'Paris-1'], 'though its own pods fill it')
    t.same(allChosen(selectNodes(inputOf(rows, nodes, given))).sort(), ['Paris-0', 'Paris-1'])
  }
})

const slotsOf = (all: readonly string[]) => {
  return { size: all.length, slot: (name: string) => all.indexOf(name) }
}

/** Rows by what they hold (`!`: since before) and what they could have; each wants one more. */
function assigned(rows: Record<string, { has?: string[]; could: string[]; wants?: number }>) {
  const node = (name: string) => nodeIn('Paris', name.replace('!', ''))
  const seats = Object.entries(rows).map(([id, { has = [], wants = has.length }]): Seats => {
    const sticky = has.filter((name) => name.endsWith('!')).map((name) => node(name).name)
    const held = byName(has.map(node))
    return { row: rowOf(id), wanted: wants, held, sticky: new Set(sticky) }
  })
  const all = Object.values(rows).flatMap(({ has = [], could }) => [...has, ...could])
  const slots = slotsOf([...new Set(all.map((name) => node(name).name))])
  new Assignment(seats, 'w', {
    slots: () => slots,
    options: ({ row }) =>
      (rows[row.id]?.could ?? []).map((name) => {
        return { node: node(name), slot: slots.slot(name), free: true, priority: 0 }
      }),
  }).fill()
  return Object.fromEntries(seats.map(({ row, held }) => [row.id, [...held.keys()].sort()]))
}

t.test('of two ways to pass nodes on, the one that moves less of what was there', async (t) => {
  // Short way: a and b move, both held since before. Long way: only c is, the rest is fresh.
  const found = assigned({
    r: { could: ['a', 'c'], wants: 1 },
    s1: { has: ['a!'], could: ['b'] },
    s2: { has: ['b!'], could: ['x'] },
    s3: { has: ['c!'], could: ['f'] },
    s4: { has: ['f'], could: ['g'] },
    s5: { has: ['g'], could: ['y'] },
  })
  t.same(found, { r: ['c'], s1: ['a'], s2: ['b'], s3: ['f'], s4: ['g'], s5: ['y'] })
})

t.test('nothing moves where another row could be filled without', async (t) => {
  // r1 could only have n of s, which would then take x, and r2 would go without.
  const found = assigned({
    r0: { could: ['y'], wants: 1 },
    r1: { could: ['y', 'n'], wants: 1 },
    r2: { could: ['x', 'z'], wants: 2 },
    s: { has: ['n!'], could: ['x'] },
  })
  t.same(found['s'], ['n'])
  t.same(found['r2'], ['x', 'z'])
})

t.test('equal weights are decided by name', async (t) => {
  for (const order of [
    ['a', 'b'],
    ['b', 'a'],
  ]) {
    const list = order.map((name, slot) => {
      return { node: nodeIn('Paris', name), slot, free: true, priority: 0 }
    })
    const wants = { ranks: new Float64Array(2), rank: () => 0, add() {}, remove() {} }
    t.equal(new RowOptions(list, wants, new Holders(slotsOf(order))).bestFree()?.name, 'a')
  }
})

t.test('nodes are spread over the area', async (t) => {
  const crowd = Array.from({ length: 10 }, (_, i) => nodeIn('Paris', `paris-${i}`))
  const nodes = byName([...crowd, nodeIn('Berlin', 'berlin'), nodeIn('Madrid', 'madrid')])
  for (let i = 0; i < 50; i++) {
    const result = selectNodes(inputOf([rowOf(`r${i}`, { nodes: 3 })], nodes))
    const cities = names(result, `r${i}`).map((name) => name.split('-')[0])
    t.same(new Set(cities), new Set(['paris', 'berlin', 'madrid']))
  }
  const held = new Map([['r', new Set(['paris-3'])]])
  const more = selectNodes(inputOf([rowOf('r', { nodes: 3 })], nodes, { current: held }))
  t.same(names(more, 'r'), ['berlin', 'madrid', 'paris-3'], 'away from what is held already')
})

t.test('the nearest are chosen, and stay when a nearer one joins', async (t) => {
  const near = { lat: 48.5, lon: 2.5 }
  const row = rowOf('r', { near, nodes: 2 })
  const all = nodesIn(CITY_NAMES)
  const result = selectNodes(inputOf([row], byName(all)))
  t.same(names(result, 'r'), ['Lyon-0', 'Paris-0'])
  const joined = byName([...all, nodeIn('Paris', 'Paris-1')])
  const current = asCurrent(result.chosen)
  t.same(selectNodes(inputOf([row], joined, { current })).add, [])
  const fewer = selectNodes(inputOf([{ ...row, nodes: 1 }], byName(all), { current }))
  t.same(names(fewer, 'r'), ['Paris-0'], 'the farther one is given up')
  const within = selectNodes(
    inputOf([rowOf('r', { near: { ...near, km: 1 }, nodes: 2 })], byName(all)),
  )
  t.same(names(within, 'r'), [], 'with a radius nothing outside of it is chosen')
})

t.test('reasons of a shortfall are counted over the nodes in the facts', async (t) => {
  const nodes = byName([
    nodeIn('Paris', 'a'),
    nodeIn('Paris', 'b', { ready: false }),
    nodeIn('Lyon', 'c', { schedulable: false }),
    nodeIn('Lyon', 'd', { ready: false }),
    nodeIn('Lyon', 'e', { allocatable: { cpu: 100, pods: 110 } }),
    nodeIn('Paris', 'f'),
    nodeIn('Berlin', 'g', { ready: false }),
  ])
  const rows = [
    rowOf('fr', { attributes: inCountry('FR'), nodes: 5 }),
    rowOf('paris', { attributes: inCity('Paris'), nodes: 1 }),
    rowOf('all', { attributes: inCity('Berlin') }),
  ]
  const { short, chosen } = selectNodes(inputOf(rows, nodes))
  t.same(short, [
    {
      row: 'fr',
      wanted: 5,
      chosen: 1,
      reasons: [
        { reason: 'NotReady', count: 2 },
        { reason: 'Cordoned', count: 1 },
        { reason: 'NoRoom', detail: 'cpu', count: 1 },
        { reason: 'Taken', count: 1 },
      ],
    },
  ])
  t.equal(chosen.has('all'), false, 'a row without a count chooses nothing')
  t.throws(() => selectNodes(inputOf([rowOf('r', { nodes: 1 }), rowOf('r', { nodes: 1 })], nodes)))
})

t.test('weights: the same every time, and rows share the nodes evenly', async (t) => {
  t.equal(weight(rendezvousSeed('default/Deployment/web', 'r0'), 'node-1'), 1066893920)
  const nodes = byName(Array.from({ length: 20 }, (_, i) => nodeIn('Paris', `node-${i}`)))
  const wins = new Map<string, number>()
  for (let i = 0; i < 2000; i++) {
    const workload = `default/Deployment/web-${i}`
    const [name = ''] = names(
      selectNodes(inputOf([rowOf('r', { nodes: 1 })], nodes, { workload })),
      'r',
    )
    wins.set(name, (wins.get(name) ?? 0) + 1)
  }
  // 100 each expected, standard deviation 9.7.
  t.equal(wins.size, 20)
  t.ok(
    Math.min(...wins.values()) > 60 && Math.max(...wins.values()) < 140,
    [...wins.values()].join(' '),
  )
})

t.test('a settled selection is cheap', async (t) => {
  const nodes = byName(
    Array.from({ length: 5000 }, (_, i) => nodeIn(EUROPE[i % 5] as City, `n${i}`)),
  )
  const input = inputOf([rowOf('r', { attributes: inCity(...EUROPE), nodes: 20 })], nodes)
  const time = (what: SelectInput) => {
    const start = performance.now()
    selectNodes(what)
    return performance.now() - start
  }
  const calm = settled(input)
  const [fresh, again] = [() => time(input), () => time(calm)].map((run) =>
    Math.min(run(), run(), run(), run(), run()),
  )
  t.ok(
    (again ?? 0) < (fresh ?? 0) / 10,
    `fresh ${fresh?.toFixed(2)} ms, settled ${again?.toFixed(3)} ms`,
  )
})
