import t from 'tap'
import { NodeStore } from '../../../core/placement/choice/node-store.ts'
import { NodeUsage } from '../../../core/placement/choice/node-usage.ts'
import { nodeIn } from './nodes.ts'

t.test('a state is taken unless a later one is known', async (t) => {
  const store = new NodeStore()
  const view = nodeIn('Paris', 'n')
  const failed = { ...view, ready: false }
  t.strictSame(store.set({ view, version: 10 }), { before: undefined, now: view })
  t.equal(store.set({ view: failed, version: 9 }), undefined)
  t.strictSame(store.set({ view: failed, version: 10 }), { before: view, now: failed })
  store.rewind()
  t.strictSame(
    store.set({ view, version: 3 }),
    { before: failed, now: view },
    'versions begin anew',
  )
  t.equal(store.set({ view: failed, version: 2 }), undefined)
})

t.test('the answer to a write is of a node that exists, or of none', async (t) => {
  const store = new NodeStore()
  const view = nodeIn('Paris', 'n')
  t.equal(store.answer({ view, version: 5 }), undefined)
  t.equal(store.views.size, 0)
  store.set({ view, version: 4 })
  t.match(store.answer({ view: { ...view, ready: false }, version: 5 }), { now: { ready: false } })
})

t.test('usage of a node without pods is forgotten', async (t) => {
  const usage = new NodeUsage()
  for (let i = 0; i < 100; i++) {
    usage.set('a', { node: `spot-${i}`, requests: { cpu: 100 } })
    usage.set('b', { node: `spot-${i}`, requests: { cpu: 50 } })
    t.strictSame(usage.used(`spot-${i}`), { pods: 2, cpu: 150 })
  }
  usage.set('a', undefined)
  usage.set('b', undefined)
  t.strictSame(usage.used('spot-99'), {})
  t.equal(usage.nodes, 0)
})
