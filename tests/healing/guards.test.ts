/** Nothing is moved without need: late heartbeats, mass failures, a dead controller, a paused API server or etcd. */
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { pathTo } from '../../platform/kube/paths.ts'
import {
  type Cloud,
  create,
  labelled,
  nodesOf,
  podsOf,
  running,
  startCloud,
  whenReported,
  whenRunning,
  workload,
} from '../placement/support.ts'
import { type Testbed, until } from '../testbed/index.ts'
import { lostNodes, metric, nodesIn, nodeWrites, podsByUid, restarted } from './support.ts'

const LEASE_SECONDS = 8

/** As kubelet does, four times in a lease; of these, so many come this late. */
const BEAT_MS = 2_000
const DELAYED = 0.3
const DELAY_MS = 5_000

const leasePath = (name: string) => pathTo('leases', { namespace: 'kube-node-lease', name })

/**
 * Renews the leases of nodes in the place of kwok, one renewal after the other as a kubelet does.
 * Returns how to stop it.
 */
async function unsteady(bed: Testbed, names: readonly string[]): Promise<() => void> {
  let stopped = false
  const renew = async (name: string) => {
    const spec = { renewTime: new Date().toISOString().replace('Z', '000Z') }
    await bed.admin.patch(leasePath(name), { spec }, 'merge').catch(() => {})
  }
  const beat = async (name: string, first: number) => {
    for (let i = first; !stopped; i++) {
      // Spread evenly: chance would make another test each time.
      const late = (i * 3) % 10 < DELAYED * 10
      await sleep(BEAT_MS + (late ? DELAY_MS : 0))
      if (!stopped) await renew(name)
    }
  }
  await Promise.all(names.map(renew))
  names.forEach((name, i) => void beat(name, i))
  await Promise.all(names.map((name) => bed.nodes.heartbeat(name, 'off')))
  return () => {
    stopped = true
  }
}

/** Seconds: more than a lease. Without etcd the API server lives on and keeps its watches open. */
const PAUSES = { 'kube-apiserver': 20, etcd: 12 } as const

/** Nothing that the fault keeps from being seen is taken for lost, nor just after it. */
async function quietWhilePaused(
  t: Test,
  { bed, edgenet }: Cloud,
  component: keyof typeof PAUSES,
): Promise<void> {
  const mark = bed.audit.mark()
  const before = await podsByUid(bed)
  await bed.component(component).pause()
  await sleep(PAUSES[component] * 1000)
  await bed.component(component).resume()
  // A leader that cannot renew its lease ends; as in a cluster, it is started again.
  const settled = performance.now() + (LEASE_SECONDS + 2) * 1000
  while (performance.now() < settled) {
    if (edgenet.controllers.pid() === undefined) {
      t.comment(`${component} was paused: the leader has ended`)
      await edgenet.controllers.start()
    }
    await sleep(200)
  }
  const says = (what: string) => `${component} was paused: ${what}`
  t.same(nodeWrites(bed, mark), new Map(), says('no node was touched'))
  t.same(await lostNodes(bed), [], says('no node is lost'))
  t.same(restarted(before, await podsByUid(bed), []), [], says('no pod was replaced'))
}

t.test('what is not lost is left alone', async (t) => {
  const late = nodesIn('BR', 10)
  const nodes = [
    ...(['FR', 'DE', 'GB', 'KR'] as const).flatMap((country) => nodesIn(country, 6)),
    ...late,
  ]
  const cloud = await startCloud({
    nodes,
    bed: { leaseSeconds: LEASE_SECONDS, podStart: 0.5, podStop: 0.5 },
  })
  t.teardown(() => cloud.stop())
  const { bed, edgenet } = cloud
  const counted = (name: string, country: string) =>
    workload('Deployment', name, { place: { country, nodes: '4' }, replicas: 4 })
  const [fr, de, br] = [counted('fr', 'FR'), counted('de', 'DE'), counted('br', 'BR')]
  await Promise.all([fr, de, br].map((object) => create(bed, object)))
  const frNodes = nodesOf(await whenRunning(bed, 'fr', 4))
  const deNodes = nodesOf(await whenRunning(bed, 'de', 4))
  await whenRunning(bed, 'br', 4)
  const lateNames = late.map(({ name }) => name)
  const stop = await unsteady(bed, lateNames)
  t.teardown(stop)
  const mark = bed.audit.mark()
  const before = await podsByUid(bed)

  // Three of six in France vanish together, one in Germany by itself.
  const mass = frNodes.slice(0, 3)
  const [single = ''] = deNodes
  await Promise.all([...mass, single].map((name) => bed.nodes.heartbeat(name, 'off')))
  await until(async () => (await lostNodes(bed)).includes(single), {
    what: `${single} to be lost`,
    timeoutMs: 20_000,
    everyMs: 20,
  })
  await edgenet.controllers.kill()
  const label = (await whenReported(bed, de, () => true)).rows[0]?.label ?? ''
  t.comment(`killed with ${(await labelled(bed, label)).length} labels of 4 on nodes`)
  await edgenet.controllers.start()
  await until(
    async () => {
      const pods = running(await podsOf(bed, 'de'))
      return pods.length === 4 && !nodesOf(pods).includes(single)
    },
    { what: 'the move to be finished by the successor' },
  )
  await whenReported(bed, de, ({ lastMove }) => lastMove?.from === single)
  const chosen = await labelled(bed, label)
  t.equal(chosen.length, 4, 'no node is half-labelled')
  t.equal(chosen.filter((name) => !deNodes.includes(name)).length, 1, 'one node was taken')
  t.notOk(chosen.includes(single))
  const writes = nodeWrites(bed, mark)
  t.ok((writes.get(single) ?? 0) <= 2, 'nothing was written twice')

  const frozen = () => metric(edgenet, 'edgenet_healing_frozen')
  await until(async () => ((await frozen()) ?? 0) >= 3, { what: 'healing in France to be frozen' })
  t.same(await lostNodes(bed), [single], 'three of six together are not believed')
  t.same(
    mass.filter((name) => writes.has(name)),
    [],
  )
  await until(
    async () => {
      const events = await bed.admin.listAll(pathTo('events', { namespace: 'default' }))
      return events.some((event) => event['reason'] === 'HealingFrozen')
    },
    { what: 'an event about it' },
  )
  await Promise.all([...mass, single].map((name) => bed.nodes.heartbeat(name, 'on')))
  await until(async () => (await frozen()) === 0, { what: 'healing to go on' })
  await until(async () => (await lostNodes(bed)).length === 0, {
    what: 'the single node to be back',
  })
  t.same(restarted(before, await podsByUid(bed), [single]), [], 'nobody else was restarted')

  await quietWhilePaused(t, cloud, 'kube-apiserver')
  await quietWhilePaused(t, cloud, 'etcd')
  const untouched = nodeWrites(bed, mark)
  t.same(
    lateNames.filter((name) => untouched.has(name)),
    [],
    'late heartbeats are heartbeats',
  )
})
