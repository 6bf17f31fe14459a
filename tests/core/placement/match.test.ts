import t from 'tap'
import {
  type Conditions,
  enterObstacle,
  stayObstacle,
} from '../../../core/placement/choice/eligible.ts'
import {
  matchesAffinity,
  matchesNodeSelector,
  matchesRequirement,
  matchesTerm,
  tolerates,
  untoleratedTaint,
} from '../../../core/placement/choice/match.ts'
import type { NodeView, Requirement, Taint, Toleration } from '../../../core/placement/types.ts'
import { CONDITIONS, DEMAND, inCountry, nodeIn, rowOf } from './nodes.ts'

const requirement = (operator: string, values?: unknown, key = 'k') =>
  ({ key, operator, ...(values !== undefined && { values }) }) as Requirement

t.test('requirements, as the scheduler decides them', async (t) => {
  const labels = { k: 'a', n: '5', zero: '-007', word: '5x', big: '9223372036854775807' }
  const cases: [boolean, Requirement][] = [
    [true, requirement('In', ['a', 'b'])],
    [false, requirement('In', ['b'])],
    [false, requirement('In', ['a'], 'absent')],
    [false, requirement('In', [])],
    [false, requirement('In')],
    [false, requirement('NotIn', ['a', 'b'])],
    [true, requirement('NotIn', ['b'])],
    [true, requirement('NotIn', ['a'], 'absent')],
    [false, requirement('NotIn', [], 'absent')],
    [true, requirement('Exists')],
    [false, requirement('Exists', ['a'])],
    [false, requirement('Exists', undefined, 'absent')],
    [false, requirement('DoesNotExist')],
    [true, requirement('DoesNotExist', undefined, 'absent')],
    [true, requirement('Gt', ['4'], 'n')],
    [false, requirement('Gt', ['5'], 'n')],
    [true, requirement('Lt', ['6'], 'n')],
    [false, requirement('Lt', ['5'], 'n')],
    [false, requirement('Lt', ['6', '7'], 'n')],
    [false, requirement('Gt', ['4'], 'word')],
    [false, requirement('Gt', ['4.5'], 'n')],
    [false, requirement('Gt', [' 4'], 'n')],
    [true, requirement('Gt', ['-8'], 'zero')],
    [true, requirement('Lt', ['+1'], 'zero')],
    [true, requirement('Gt', ['9223372036854775806'], 'big')],
    [false, requirement('Lt', ['9223372036854775808'], 'big')],
    [false, requirement('Lt', ['9'.repeat(300)], 'n')],
    [false, requirement('Gt', ['4'], 'absent')],
    [false, requirement('Equals', ['a'])],
    [false, requirement('Exists', undefined, '__proto__')],
    [false, requirement('In', ['x'], 'constructor')],
    [true, requirement('NotIn', ['x'], 'toString')],
  ]
  for (const [expected, r] of cases) {
    t.equal(matchesRequirement(labels, r), expected, JSON.stringify(r).slice(0, 90))
  }
})

t.test('terms are ORed, an empty one matches nothing, matchFields knows the name', async (t) => {
  const node = { name: 'n1', labels: { k: 'a' } }
  const field = (operator: string, values: string[], key = 'metadata.name') => ({
    matchFields: [requirement(operator, values, key)],
  })
  t.notOk(matchesTerm(node, {}))
  t.notOk(matchesTerm(node, { matchExpressions: [], matchFields: [] }))
  t.ok(matchesTerm(node, { matchExpressions: [requirement('In', ['a'])] }))
  t.notOk(
    matchesTerm(node, { matchExpressions: [requirement('Exists'), requirement('In', ['b'])] }),
  )
  t.ok(matchesTerm(node, field('In', ['n1'])))
  t.notOk(matchesTerm(node, field('In', ['n1', 'n2'])), 'the API takes one value')
  t.notOk(matchesTerm(node, field('In', ['n2'])))
  t.ok(matchesTerm(node, field('NotIn', ['n2'])))
  t.notOk(matchesTerm(node, field('NotIn', ['n1'])))
  t.notOk(matchesTerm(node, field('Exists', ['n1'])))
  t.notOk(matchesTerm(node, field('NotIn', ['x'], 'metadata.uid')))
  t.notOk(
    matchesTerm(node, { ...field('In', ['n1']), matchExpressions: [requirement('In', ['b'])] }),
  )
  t.ok(matchesAffinity(node, undefined))
  t.notOk(matchesAffinity(node, []))
  t.notOk(matchesAffinity(node, [{}]))
  t.ok(matchesAffinity(node, [{}, { matchExpressions: [requirement('Exists')] }]))
  t.ok(matchesNodeSelector(node.labels, {}))
  t.ok(matchesNodeSelector(node.labels, { k: 'a' }))
  t.notOk(matchesNodeSelector(node.labels, { k: 'a', j: 'a' }))
})

t.test('tolerations against taints', async (t) => {
  const taint: Taint = { key: 'k', value: 'v', effect: 'NoSchedule' }
  const cases: [boolean, Toleration, Taint?][] = [
    [true, { key: 'k', value: 'v', effect: 'NoSchedule' }],
    [true, { key: 'k', operator: 'Equal', value: 'v' }],
    [true, { key: 'k', operator: '', value: 'v' }],
    [false, { key: 'k', value: 'w' }],
    [false, { key: 'k' }],
    [true, { key: 'k' }, { key: 'k', effect: 'NoSchedule' }],
    [true, { key: 'k', value: '' }, { key: 'k', effect: 'NoSchedule' }],
    [true, { key: 'k', operator: 'Exists' }],
    [false, { key: 'j', operator: 'Exists' }],
    [true, { operator: 'Exists' }],
    [true, { key: '', operator: 'Exists', effect: '' }],
    [false, { operator: 'Exists', effect: 'NoExecute' }],
    [true, { operator: 'Equal', value: 'v' }],
    [false, {}],
    [
      false,
      { key: 'k', operator: 'Gt', value: '1' },
      { key: 'k', value: '2', effect: 'NoExecute' },
    ],
  ]
  for (const [expected, toleration, other = taint] of cases) {
    t.equal(tolerates(toleration, other), expected, JSON.stringify(toleration))
  }
  const soft: Taint = { key: 'soft', effect: 'PreferNoSchedule' }
  const evict: Taint = { key: 'e', effect: 'NoExecute' }
  t.equal(untoleratedTaint([soft], []), undefined)
  t.equal(untoleratedTaint([soft, taint, evict], []), taint)
  t.equal(untoleratedTaint([soft, taint, evict], [{ key: 'k', operator: 'Exists' }]), evict)
  t.equal(untoleratedTaint([taint, evict], [{ operator: 'Exists' }]), undefined)
})

t.test('what keeps a node from entering and from staying', async (t) => {
  const row = rowOf('fr', { attributes: inCountry('FR') })
  const node = (change: Partial<NodeView> = {}) => nodeIn('Paris', 'p', change)
  const withDemand = (change: Partial<typeof DEMAND>): Conditions => ({
    ...CONDITIONS,
    demand: { ...DEMAND, ...change },
  })
  const taint: Taint = { key: 'edge-net.io/quarantine', effect: 'NoSchedule' }
  const free = (change: Record<string, number>): Conditions => ({
    ...withDemand({ requests: { cpu: 500, memory: 1, 'example.com/gpu': 0 } }),
    free: () => ({ cpu: 500, memory: 1, pods: 1, ...change }),
  })
  const reserved = node({ labels: { 'edge-net.io/pool': 'reserved' } })
  const pools = (...names: string[]): Conditions => ({ ...CONDITIONS, pools: new Set(names) })
  const { place: _, ...nowhere } = node()
  const cases: [string, string | undefined, string | undefined, NodeView, Conditions?][] = [
    ['a good node', undefined, undefined, node()],
    ['elsewhere', 'Outside', 'Outside', nodeIn('Berlin', 'b')],
    ['without coordinates', undefined, undefined, nowhere],
    ['without a country', 'Unlocated', 'Unlocated', { ...node(), labels: {} }],
    ['not ready', 'NotReady', undefined, node({ ready: false })],
    ['cordoned', 'Cordoned', undefined, node({ schedulable: false })],
    ['tainted', 'Tainted edge-net.io/quarantine', undefined, node({ taints: [taint] })],
    [
      'tolerated',
      undefined,
      undefined,
      node({ taints: [taint] }),
      withDemand({ tolerations: [{ key: taint.key, operator: 'Exists' }] }),
    ],
    [
      'own selector',
      'OwnSelector',
      'OwnSelector',
      node(),
      withDemand({ nodeSelector: { disk: 'ssd' } }),
    ],
    ['own affinity', 'OwnSelector', 'OwnSelector', node(), withDemand({ affinity: [{}] })],
    ['own nodeName', 'OwnSelector', 'OwnSelector', node(), withDemand({ nodeName: 'q' })],
    ['lost', 'Lost', 'Lost', node(), { ...CONDITIONS, lost: new Set(['p']) }],
    ['held down', 'HeldDown', undefined, node(), { ...CONDITIONS, heldDown: new Set(['p']) }],
    ['drained', undefined, 'Cordoned', node(), { ...CONDITIONS, drained: new Set(['p']) }],
    ['default pool', undefined, undefined, node(), pools('shared')],
    ['no pool at all', 'OtherPool', 'OtherPool', node(), pools()],
    ['other pool', 'OtherPool', 'OtherPool', reserved, pools('shared')],
    ['permitted pool', undefined, undefined, reserved, pools('shared', 'reserved')],
    ['exactly enough room', undefined, undefined, node(), free({})],
    ['too little cpu', 'NoRoom cpu', undefined, node(), free({ cpu: 499 })],
    ['no place for a pod', 'NoRoom pods', undefined, node(), free({ pods: 0 })],
    ['overcommitted', 'NoRoom memory', undefined, node(), free({ memory: -1 })],
    ['amount unknown', 'NoRoom cpu', undefined, node(), free({ cpu: Number.NaN })],
    [
      'a resource that it lacks',
      'NoRoom constructor',
      undefined,
      node(),
      withDemand({ requests: { constructor: 1 } as unknown as Record<string, number> }),
    ],
    ['label cap', 'LabelCap', undefined, node(), { ...CONDITIONS, capped: new Set(['p']) }],
  ]
  for (const [name, enter, stay, view, conditions = CONDITIONS] of cases) {
    const shown = (obstacle: ReturnType<typeof enterObstacle>) =>
      obstacle && [obstacle.reason, ...(obstacle.detail ? [obstacle.detail] : [])].join(' ')
    t.equal(shown(enterObstacle(row, view, conditions)), enter, `${name}: enter`)
    t.equal(shown(stayObstacle(row, view, conditions)), stay, `${name}: stay`)
  }
})
