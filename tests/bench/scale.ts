import { RESTRICTED } from '../../core/placement/labels.ts'
import type { PlacementStatus } from '../../core/placement/report/report.ts'
import { pathTo } from '../../platform/kube/paths.ts'
import { forEachParallel } from '../../platform/parallel.ts'
import { NAMESPACE } from '../testbed/edgenet.ts'
import { type AuditEvent, type AuditPosition, type Testbed, until } from '../testbed/index.ts'
import { type BenchCloud, NODES } from './cloud.ts'
import { type Figure, ms, type Say, seconds } from './figure.ts'
import { memory, Ops } from './process.ts'
import { deployment, SELECTIONS } from './workloads.ts'

const SELECTED = 500
const NAMESPACES = 5
const PARALLEL = 20
const CHANGES = 15

const CONTROLLERS = `system:serviceaccount:${NAMESPACE}:edgenet-controllers`

const namespaceOf = (i: number): string => `scale-${i % NAMESPACES}`

/** Writes of the controllers behind a position, but for leases. */
function writes({ audit }: Testbed, mark: AuditPosition): AuditEvent[] {
  return audit
    .since(mark)
    .filter(({ user, verb }) => user === CONTROLLERS && !['get', 'list', 'watch'].includes(verb))
    .filter(({ resource, code }) => resource !== 'leases' && code < 300)
}

const ofNodes = (events: readonly AuditEvent[]): AuditEvent[] =>
  events.filter(({ resource, subresource }) => resource === 'nodes' && subresource === '')

/** How many of the Placements say that all wanted nodes are chosen, and how many nodes those are. */
async function satisfied({ admin }: Testbed): Promise<{ done: number; nodes: number }> {
  const all = await admin.listAll(pathTo('placements'))
  const statuses = all
    .filter(({ metadata }) => metadata.namespace?.startsWith('scale-'))
    .map((object) => object['status'] as PlacementStatus | undefined)
    .filter((status) =>
      status?.conditions.some(({ type, status: is }) => type === 'Satisfied' && is === 'True'),
    )
  const nodes = statuses.reduce((sum, status) => sum + (status?.selected ?? 0), 0)
  return { done: statuses.length, nodes }
}

async function createAll({ admin }: Testbed): Promise<void> {
  for (let i = 0; i < NAMESPACES; i++) {
    const metadata = { name: namespaceOf(i) }
    await admin.create(pathTo('namespaces'), { apiVersion: 'v1', kind: 'Namespace', metadata })
  }
  const indices = Array.from({ length: SELECTED }, (_, i) => i)
  await forEachParallel(indices, PARALLEL, async (i) => {
    const namespace = namespaceOf(i)
    const kind = i % 5 === 4 ? 'counted in a polygon' : 'counted'
    const annotations = SELECTIONS[kind]?.(i) ?? {}
    const object = deployment(`web-${i}`, { namespace, annotations })
    await admin.create(pathTo('deployments', { namespace }), object)
  })
}

/** 500 workloads that ask for 1 to 20 of 5,000 nodes each, all at once. */
async function benchCreation({ bed }: BenchCloud, ops: Ops): Promise<Figure[]> {
  await ops.longestBlock()
  const mark = bed.audit.mark()
  const began = performance.now()
  await createAll(bed)
  const created = performance.now() - began
  const all = async () => {
    const { done } = await satisfied(bed)
    if (done < SELECTED) throw new Error(`${done} are satisfied`)
    return true
  }
  await until(all, {
    what: `${SELECTED} selections to be satisfied`,
    timeoutMs: 120_000,
    everyMs: 250,
  })
  const took = performance.now() - began
  const { nodes } = await satisfied(bed)
  const block = await ops.longestBlock()
  const own = writes(bed, mark)
  const choices = (await bed.admin.listAll(pathTo('nodes'))).reduce(
    (sum, { metadata }) =>
      sum +
      Object.keys(metadata.labels ?? {}).filter((key) => key.startsWith(`${RESTRICTED}use-`))
        .length,
    0,
  )
  return [
    {
      what: `${SELECTED} counted selections over ${NODES} nodes: until all are labelled and reported`,
      ours: seconds(took),
      beside: `creating them alone took ${seconds(created)}`,
    },
    {
      what: '  nodes chosen, choice labels on nodes, writes of nodes',
      ours: `${nodes}, ${choices}, ${ofNodes(own).length}`,
      beside: 'N writes for a row of N, less where two fall together',
    },
    {
      what: '  other writes of the controllers (reports, events)',
      ours: String(own.length - ofNodes(own).length),
    },
    { what: '  longest block of the controllers’ event loop', ours: ms(block), beside: '50 ms' },
  ]
}

/** Once a second a node is cordoned or opened again. */
async function benchChanges({ bed }: BenchCloud, ops: Ops): Promise<Figure[]> {
  const blocks: number[] = []
  await ops.longestBlock()
  for (let i = 0; i < CHANGES; i++) {
    const second = performance.now() + 1000
    const path = pathTo('nodes', { name: `edge-${Math.floor(i / 2)}` })
    await bed.admin.patch(path, { spec: { unschedulable: i % 2 === 0 } }, 'merge')
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, second - performance.now())))
    blocks.push(await ops.longestBlock())
  }
  return [
    {
      what: `one change of a node per second, ${SELECTED} selections: longest block of ${CHANGES} s`,
      ours: ms(Math.max(...blocks)),
      beside: '50 ms',
    },
  ]
}

/** A new area that nobody asked for, and then nothing at all. */
async function benchCost({ bed }: BenchCloud): Promise<Figure[]> {
  const namespace = namespaceOf(0)
  const path = pathTo('placements', { namespace, name: 'deployment-area' })
  const annotations = SELECTIONS['fresh polygon']?.(123) ?? {}
  const mark = bed.audit.mark()
  await bed.admin.create(
    pathTo('deployments', { namespace }),
    deployment('area', { namespace, annotations }),
  )
  const report = async () => (await bed.admin.get(path))['status'] as PlacementStatus | undefined
  const { selected = 0 } = await until(report, { what: 'the report on a new area' })
  const written = () => ofNodes(writes(bed, mark)).length
  await until(() => written() >= selected, { what: 'the nodes of a new area', timeoutMs: 60_000 })
  await new Promise((resolve) => setTimeout(resolve, 2000))
  const area = written()
  const calm = bed.audit.mark()
  await new Promise((resolve) => setTimeout(resolve, 10_000))
  const idle = writes(bed, calm)
  return [
    {
      what: 'writes of nodes for a new area',
      ours: `${area} for ${selected} nodes inside`,
      beside: 'one for each node inside, once',
    },
    { what: 'writes in 10 s in which nothing happens', ours: String(idle.length), beside: '0' },
  ]
}

function benchMemory({ edgenet }: BenchCloud): Figure[] {
  return (['webhooks', 'controllers'] as const).map((name) => {
    const { now, peak } = memory(edgenet[name].pid())
    return {
      what: `memory of the ${name} (resident), ${NODES} nodes`,
      ours: `${now.toFixed(0)} MB, at most ${peak.toFixed(0)} MB`,
    }
  })
}

/** Many selections on many nodes: time, writes, memory, and whether the event loop stays free. */
export async function benchScale(cloud: BenchCloud, say: Say): Promise<Figure[]> {
  const ops = new Ops(cloud.edgenet.urls.controllersOps)
  const starting = await ops.longestBlock()
  say(`scale: ${SELECTED} counted selections`)
  const creation = await benchCreation(cloud, ops)
  say('scale: one change per second')
  const changes = await benchChanges(cloud, ops)
  say('scale: a new area, and silence')
  const cost = await benchCost(cloud)
  return [
    {
      what: `start of the controllers with ${NODES} nodes: longest block of the event loop`,
      ours: ms(starting),
      beside: '50 ms',
    },
    ...creation,
    ...changes,
    ...cost,
    ...benchMemory(cloud),
  ]
}
