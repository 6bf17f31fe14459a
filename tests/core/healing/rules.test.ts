/** Whether a node is lost, whether that is believed, and what happens to its pods. */
import t from 'tap'
import { frozenInAreas } from '../../../core/healing/area.ts'
import { freezes, frozenAmong, isMassOfAll, isMassOfArea } from '../../../core/healing/guards.ts'
import { HoldDown } from '../../../core/healing/hold-down.ts'
import { LOST_TAINT, type Loss, lostTaint, recordedLoss } from '../../../core/healing/loss.ts'
import { type PodAction, podAction } from '../../../core/healing/pods.ts'
import { isFenced, judge, type Signals } from '../../../core/healing/verdict.ts'
import { NodeStore } from '../../../core/placement/choice/node-store.ts'
import { PlacedPods } from '../../../core/placement/choice/placed-pods.ts'
import { selectNodes } from '../../../core/placement/choice/select.ts'
import type { OnNodeLoss } from '../../../core/placement/types.ts'
import {
  asCurrent,
  byName,
  CONDITIONS,
  inCountry,
  inputOf,
  nodeIn,
  rowOf,
} from '../placement/nodes.ts'

const PATIENCE = { notReadyMs: 10_000, unreachableMs: 0, deletedMs: 2_000 }
const LIMITS = { windowMs: 60_000, releaseMs: 300_000 }
const NOW = 1_000_000
const LOSS: Loss = { reason: 'LeaseExpired', seconds: 8, since: 1_700_000_000 }

const WELL: Signals = {
  exists: true,
  ready: 'True',
  readySinceMs: 0,
  outOfService: false,
  leaseOverdue: false,
  leaseSeenMs: NOW - 1_000,
  awaitsFirstRenewal: false,
  inUse: true,
  recorded: undefined,
}

t.test('when a node is lost', async (t) => {
  const cases: [string, Partial<Signals>, string | undefined, number?][] = [
    ['well', {}, undefined],
    ['lease overdue', { leaseOverdue: true }, 'LeaseExpired'],
    ['without a lease, ready', { leaseSeenMs: undefined }, undefined],
    ['out of service', { outOfService: true }, 'OutOfService'],
    ['unreachable', { ready: 'Unknown', readySinceMs: NOW }, 'Unreachable'],
    ['not ready for a moment', { ready: 'False', readySinceMs: NOW - 4_000 }, undefined, 6_000],
    ['not ready for long', { ready: 'False', readySinceMs: NOW - 10_000 }, 'NotReady'],
    ['joining', { ready: 'False', inUse: false }, undefined],
    ['just deleted', { exists: false, goneSinceMs: NOW - 500 }, undefined, 1_500],
    ['deleted', { exists: false, goneSinceMs: NOW - 2_000 }, 'Deleted'],
    ['recorded, well again', { recorded: LOSS }, undefined],
    ['recorded, not renewed since', { recorded: LOSS, awaitsFirstRenewal: true }, 'LeaseExpired'],
    [
      'recorded, renewed but not ready',
      { recorded: LOSS, ready: 'False', readySinceMs: NOW, inUse: false },
      'LeaseExpired',
    ],
    ['recorded, still overdue', { recorded: LOSS, leaseOverdue: true }, 'LeaseExpired'],
    ['not recorded, not renewed yet', { awaitsFirstRenewal: true }, undefined],
  ]
  for (const [name, change, reason, againMs] of cases) {
    const verdict = judge({ ...WELL, ...change }, PATIENCE, NOW)
    t.equal(verdict.loss?.reason, reason, name)
    t.equal(verdict.againMs, againMs, `${name}: when to look again`)
  }
  t.equal(isFenced({ ...WELL, outOfService: true }), false, 'it is alive: no proof')
  t.equal(isFenced({ ...WELL, outOfService: true, leaseOverdue: true }), true)
  t.equal(isFenced({ ...WELL, leaseOverdue: true }), false, 'silence is no proof')
  t.equal(isFenced({ ...WELL, exists: false }), true)
})

t.test('a loss is stored in a taint', async (t) => {
  const taint = lostTaint(LOSS)
  t.match(taint.value, /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/, 'an allowed value')
  t.same(recordedLoss([taint]), LOSS)
  t.equal(recordedLoss([{ key: 'other', effect: 'NoSchedule' }]), undefined)
  for (const value of [
    undefined,
    '',
    'x',
    '__proto__-8s.1',
    `LeaseExpired-${'9'.repeat(300)}s.1`,
  ]) {
    const found = recordedLoss([{ key: LOST_TAINT, effect: 'NoSchedule', ...(value && { value }) }])
    t.equal(found?.reason, 'LeaseExpired', `${value?.slice(0, 20)} still says lost`)
  }
  const store = new NodeStore()
  store.set({ view: nodeIn('Paris', 'p', { taints: [taint] }), version: 1 })
  t.same([...store.lost], ['p'])
  store.set({ view: nodeIn('Paris', 'p'), version: 2 })
  t.same([...store.lost], [])
})

t.test('how many are too many', async (t) => {
  const area: [number, number, boolean][] = [
    [1, 1, false],
    [2, 2, false],
    [2, 5, false],
    [3, 5, true],
    [3, 8, true],
    [3, 9, false],
    [33, 100, false],
    [34, 100, true],
  ]
  for (const [count, total, mass] of area) {
    t.equal(isMassOfArea(count, total), mass, `${count} of ${total} in an area`)
  }
  const all: [number, number, boolean][] = [
    [1, 1, false],
    [1, 2, false],
    [1, 3, false],
    [2, 3, true],
    [20, 40, false],
    [21, 40, true],
  ]
  for (const [count, total, mass] of all) {
    t.equal(isMassOfAll(count, total), mass, `${count} of all ${total}`)
  }
})

t.test('together means within the window, and for a limited time', async (t) => {
  const missing = (...ages: number[]) =>
    ages.map((age, i) => ({ name: `n${i}`, sinceMs: NOW - age * 1000 }))
  const three = (count: number) => count >= 3
  const frozen = (...ages: number[]) => frozenAmong(missing(...ages), three, LIMITS, NOW).sort()
  t.same(frozen(8, 9, 10), ['n0', 'n1', 'n2'])
  t.same(frozen(8, 9), [])
  t.same(frozen(8, 100, 200), [], 'one a minute is no mass')
  t.same(frozen(8, 9, 10, 200), ['n0', 'n1', 'n2'], 'an older loss stays believed')
  t.same(frozen(290, 301, 302), ['n0'], 'dead for long: believed')
  t.same(frozen(310, 311, 312), [])
  const population = {
    total: 40,
    countries: new Map([
      ['FR', 5],
      ['DE', 20],
    ]),
    countryOf: (name: string) => (name === 'n3' ? 'DE' : name === 'n4' ? undefined : 'FR'),
  }
  const found = freezes(missing(8, 9, 10, 8, 8), population, LIMITS, NOW)
  t.equal(found.length, 1)
  t.match(found[0], { country: 'FR', total: 5 })
  t.same([...(found[0]?.frozen ?? [])].sort(), ['n0', 'n1', 'n2'])
  const half = Array.from({ length: 21 }, () => 8)
  t.match(freezes(missing(...half), { ...population, countries: new Map() }, LIMITS, NOW), [
    { total: 40, country: undefined },
  ])
})

t.test('the area of a row is an area', async (t) => {
  const nodes = byName([
    ...['a', 'b', 'c', 'd'].map((name) => nodeIn('Paris', name)),
    ...['e', 'f', 'g', 'h', 'i', 'j'].map((name) => nodeIn('Lyon', name)),
  ])
  const missing = ['a', 'b', 'c'].map((name) => ({ name, sinceMs: NOW - 8_000 }))
  const inside = () => undefined
  const paris = rowOf('p', {
    attributes: [{ key: 'edge-net.io/city', operator: 'In', values: ['Paris'] }],
  })
  const france = rowOf('f', { attributes: inCountry('FR') })
  const sight = (...rows: (typeof paris)[]) => ({ rows, nodes, inside })
  t.same([...frozenInAreas(sight(paris), missing, LIMITS, NOW)].sort(), ['a', 'b', 'c'])
  t.same([...frozenInAreas(sight(france), missing, LIMITS, NOW)], [], '3 of 10')
  t.equal(frozenInAreas(sight(france, paris), missing, LIMITS, NOW).size, 3)
  t.equal(frozenInAreas(sight(paris), missing.slice(1), LIMITS, NOW).size, 0)
})

t.test('a node that flaps is held down longer and longer', async (t) => {
  const hold = new HoldDown({ minMs: 30_000, maxMs: 600_000 })
  const holds = Array.from({ length: 7 }, (_, i) => hold.returned('n', i * 1000) / 1000)
  t.same(holds, [30, 60, 120, 240, 480, 600, 600])
  t.ok(hold.held(600_000).has('n'))
  t.notOk(hold.held(607_000).has('n'))
  t.equal(hold.returned('n', 5_000_000), 30_000, 'forgiven')
  t.same([...hold.held(9_000_000)], [])
})

t.test('what happens to pods of lost nodes', async (t) => {
  const cases: [string | undefined, OnNodeLoss, 'fenced' | 'silent', PodAction, PodAction][] = [
    ['ReplicaSet', 'replace', 'silent', 'delete', 'leave'],
    ['ReplicaSet', 'wait', 'silent', 'wait', 'wait'],
    ['ReplicaSet', 'wait', 'fenced', 'delete', 'leave'],
    ['ReplicaSet', 'force', 'silent', 'force', 'force'],
    ['Job', 'replace', 'silent', 'delete', 'leave'],
    ['StatefulSet', 'wait', 'silent', 'wait', 'wait'],
    ['StatefulSet', 'wait', 'fenced', 'force', 'force'],
    ['StatefulSet', 'replace', 'silent', 'delete', 'wait'],
    ['StatefulSet', 'replace', 'fenced', 'force', 'force'],
    ['StatefulSet', 'force', 'silent', 'force', 'force'],
    ['DaemonSet', 'force', 'fenced', 'leave', 'leave'],
    [undefined, 'force', 'fenced', 'leave', 'leave'],
    ['Other', 'force', 'fenced', 'leave', 'leave'],
  ]
  for (const [owner, policy, proof, running, terminating] of cases) {
    const name = `${owner}, ${policy}, ${proof}`
    const rule = { policy, fenced: proof === 'fenced', elsewhere: true }
    t.equal(podAction({ owner, terminating: false }, rule), running, name)
    t.equal(podAction({ owner, terminating: true }, rule), terminating, `${name}, terminating`)
    const nowhere = podAction({ owner, terminating: false }, { ...rule, elsewhere: false })
    t.equal(nowhere, 'leave', `${name}, nowhere to go`)
  }
})

t.test('a lost node keeps its slot until another one takes it', async (t) => {
  const row = rowOf('r', { attributes: inCountry('FR'), nodes: 3 })
  const names = ['a', 'b', 'c', 'd']
  const nodes = byName(names.map((name) => nodeIn('Paris', name)))
  const current = asCurrent(new Map([['r', ['a', 'b', 'c']]]))
  const lost = (...gone: string[]) => {
    const conditions = { ...CONDITIONS, lost: new Set(gone) }
    return selectNodes(inputOf([row], nodes, { conditions, current, podsOn: new Map([['b', 1]]) }))
  }
  t.match(lost('a'), {
    add: [{ row: 'r', node: 'd' }],
    remove: [{ row: 'r', node: 'a' }],
    short: [],
  })
  t.equal(lost('a').kept.size, 0)
  const two = lost('a', 'b')
  t.same(two.remove, [{ row: 'r', node: 'a' }], 'the one with a pod stays')
  t.same(two.kept.get('r'), ['b'])
  t.match(two.short, [{ wanted: 3, chosen: 2 }])
  const held = { ...CONDITIONS, lost: new Set(['a']), heldDown: new Set(['d', 'b']) }
  const flapping = selectNodes(inputOf([row], nodes, { conditions: held, current }))
  t.same(flapping.kept.get('r'), ['a'], 'a flapping node is not taken, but what it has it keeps')
  t.same(flapping.chosen.get('r'), ['b', 'c'])
})

t.test('whose pod it is', async (t) => {
  const pods = new PlacedPods()
  const bound = { labels: [], choices: [] }
  const pod = { uid: 'u', node: 'n', terminating: false }
  pods.set('ReplicaSet/d/web-1', { ...bound, owner: 'Deployment/d/web' })
  pods.set('Pod/d/web-1-x', { ...bound, pod, owner: 'ReplicaSet/d/web-1' })
  pods.set('Pod/d/bare', { ...bound, pod })
  const placed = new Set(['Deployment/d/web', 'Pod/d/bare'])
  const owners = () =>
    [...pods.on('n').values()].map((each) => pods.workloadOf(each, (key) => placed.has(key)))
  t.same(owners(), ['Deployment/d/web', 'Pod/d/bare'])
  placed.clear()
  t.same(owners(), [undefined, undefined], 'not placed: left to Kubernetes')
  pods.set('Pod/d/web-1-x', { ...bound, pod: { ...pod, node: 'm' }, owner: 'ReplicaSet/d/web-1' })
  t.equal(pods.on('n').size, 1)
  pods.set('Pod/d/bare', undefined)
  t.same([...pods.nodes()], ['m'])
})
