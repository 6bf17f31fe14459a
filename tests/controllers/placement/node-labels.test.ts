/** What the placement controller makes of answers to its writes that cross with the watch. */
import t from 'tap'
import { areaChanges, nodeAreaChanges } from '../../../controllers/placement/areas.ts'
import type { PlacementCluster } from '../../../controllers/placement/cluster.ts'
import { type LabelChanges, NodeLabels } from '../../../controllers/placement/node-labels.ts'
import { areaUses } from '../../../core/placement/choice/areas-in-use.ts'
import { NodeStore, type VersionedNode } from '../../../core/placement/choice/node-store.ts'
import type { NodeView } from '../../../core/placement/types.ts'
import { nodeIn } from '../../core/placement/nodes.ts'

type Labels = Readonly<Record<string, string | null>>

interface Request {
  readonly node: string
  readonly labels: Labels
  answer(node: VersionedNode | undefined): void
}

/** NodeLabels over a store with one node `n` in Paris, whose requests wait for the test's answers. */
function open() {
  const nodes = new NodeStore()
  const requests: Request[] = []
  const told: unknown[] = []
  const labels = new NodeLabels({
    nodes,
    patch: (node, labels) =>
      new Promise((resolve) => requests.push({ node, labels, answer: resolve })),
    answered: (node, before) => {
      nodes.answer(node)
      told.push(['answered', node.view.ready, before?.ready])
    },
    gone: (node) => {
      nodes.delete(node)
      told.push(['gone', node])
    },
  })
  const paris = nodeIn('Paris', 'n')
  nodes.set({ view: paris, version: 1 })
  const write = (keys: Record<string, boolean>, node = 'n') => {
    const changes: LabelChanges = new Map([[node, new Map(Object.entries(keys))]])
    return labels.write(changes, new AbortController().signal)
  }
  return { nodes, labels, requests, told, write, paris }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

const withLabels = (view: NodeView, ...keys: string[]): NodeView => ({
  ...view,
  labels: { ...view.labels, ...Object.fromEntries(keys.map((key) => [key, 'true'])) },
})

t.test('an answer is told with the node as it was when the write was decided', async (t) => {
  const { nodes, requests, told, write, paris } = open()
  const done = write({ a: true })
  await turn()
  // The watch is late: it failed before our write, which is seen first.
  requests[0]?.answer({ view: withLabels({ ...paris, ready: false }, 'a'), version: 5 })
  await done
  t.strictSame(told, [['answered', false, true]])
  t.equal(nodes.set({ view: { ...paris, ready: false }, version: 4 }), undefined, 'older: dropped')
})

t.test('a wish that waits behind another keeps its own moment of decision', async (t) => {
  const { nodes, requests, told, write, paris } = open()
  const first = write({ a: true })
  await turn()
  nodes.set({ view: { ...paris, ready: false }, version: 2 })
  const second = write({ b: true })
  requests[0]?.answer({ view: withLabels({ ...paris, ready: false }, 'a'), version: 3 })
  await first
  await turn()
  requests[1]?.answer({ view: withLabels(paris, 'a', 'b'), version: 4 })
  await second
  t.strictSame(told, [
    ['answered', false, true],
    ['answered', true, false],
  ])
})

t.test('a node that is gone', async (t) => {
  const { nodes, requests, told, write, paris } = open()
  const add = write({ a: true })
  await turn()
  requests[0]?.answer(undefined)
  await t.rejects(add, /node n is gone/, 'who would have it must choose anew')
  t.strictSame(told, [['gone', 'n']])
  nodes.set({ view: withLabels(paris, 'a'), version: 9 })
  const remove = write({ a: false })
  await turn()
  requests[1]?.answer(undefined)
  await remove
  t.strictSame(told.length, 2, 'who gives it up has what it wants')

  nodes.set({ view: paris, version: 10 })
  const late = write({ a: true })
  await turn()
  nodes.delete('n')
  requests[2]?.answer({ view: withLabels(paris, 'a'), version: 11 })
  await late
  t.notOk(nodes.views.has('n'), 'an answer from before does not bring it back')
})

t.test('what is under way counts as written', async (t) => {
  const { nodes, labels, requests, write, paris } = open()
  const area = { kind: 'circle', lat: 48.86, lon: 2.35, km: 50 } as const
  const [use] = areaUses([{ id: 'r', attributes: [], anyOf: [area], noneOf: [] }])
  if (!use) throw new Error('no use')
  const state = { inside: true }
  const cluster = {
    nodes,
    areas: { inside: () => state.inside },
    areaUses: new Map([[use.label, use]]),
  } as unknown as PlacementCluster
  const sight = { cluster, labels }
  const first = labels.write(areaChanges(use, sight), new AbortController().signal)
  await turn()
  t.strictSame(requests[0]?.labels, { [use.label]: 'true' })
  t.equal(nodeAreaChanges(paris, sight).size, 0, 'not once more')
  // It moves away while the label is on its way.
  state.inside = false
  const second = labels.write(nodeAreaChanges(paris, sight), new AbortController().signal)
  requests[0]?.answer({ view: withLabels(paris, use.label), version: 2 })
  await first
  await turn()
  t.strictSame(requests[1]?.labels, { [use.label]: null })
  requests[1]?.answer({ view: paris, version: 3 })
  await second
  await write({ [use.label]: false })
  t.equal(requests.length, 2, 'nothing is left to do')
})

t.test('nothing that waits is sent once the work was called off', async (t) => {
  const { labels, requests } = open()
  const stop = new AbortController()
  const done = labels.write(new Map([['n', new Map([['a', true]])]]), stop.signal)
  stop.abort(new Error('another process leads'))
  await t.rejects(done, /another process leads/)
  t.equal(requests.length, 0)
})
