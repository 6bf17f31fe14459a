/**
 * `npm run demo:heal`: a node fails silently and its work heals, shown on a clock that starts with the
 * failure; then the node returns and nothing moves. Exits 1 when a pod elsewhere was touched. The
 * recording in docs/images/heal.txt is what this prints.
 */
import { join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { pathTo } from '../../../platform/kube/paths.ts'
import { startEdgenet } from '../edgenet.ts'
import { startTestbed, type Testbed, until } from '../index.ts'
import { Timeline } from './timeline.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const EXAMPLE = join(ROOT, 'docs', 'examples', '03-three-and-two.yaml')
const PODS = 5

/** Seconds: what contributed nodes join with, and what a container takes to start and to stop. */
const BEHAVIOUR = { leaseSeconds: 8, podStart: 3, podStop: 2 }

/** How long the returned node is watched; what would move because of it moves within seconds. */
const CALM_MS = 15_000

const say = (text: string) => console.log(text)

async function main(): Promise<number> {
  say('Starting a Kubernetes control plane with fake nodes; their leases last 8 s …')
  const bed = await startTestbed({ ...BEHAVIOUR, nodes: 'world' })
  try {
    const edgenet = await startEdgenet({ kubeconfig: bed.kubeconfig, dir: bed.dir })
    const timeline = new Timeline(bed.admin, say)
    try {
      await timeline.start()
      return await heal(bed, timeline)
    } finally {
      await timeline.stop()
      await edgenet.stop()
    }
  } finally {
    await bed.stop()
  }
}

async function heal(bed: Testbed, timeline: Timeline): Promise<number> {
  await until(async () => (await located(bed)) >= PODS, { what: 'the nodes to be located' })
  await show(bed, 'apply', '-f', relative(process.cwd(), EXAMPLE))
  await until(() => timeline.running().length === PODS, { what: `${PODS} pods to run` })
  await show(bed, 'get', 'pods', '-o', 'wide')
  const before = timeline.running()
  const victim = before.map(({ node }) => node).sort()[0] ?? ''

  say(`\nseconds since ${victim} stopped sending heartbeats`)
  await bed.nodes.heartbeat(victim, 'off')
  timeline.begin()
  timeline.tell(`${victim} fails: no heartbeat any more`)
  const healed = () => {
    const pods = timeline.running()
    return pods.length === PODS && pods.every(({ node }) => node !== victim)
  }
  await until(healed, { what: 'the work to heal', everyMs: 20 })
  // Reports and events follow the move.
  await sleep(2_000)
  const untouched = () => {
    const now = new Set(timeline.running().map(({ uid }) => uid))
    return before.filter(({ node, uid }) => node !== victim && now.has(uid)).length
  }
  timeline.tell(`pods on other nodes untouched: ${untouched()} of ${PODS - 1}`)
  await show(bed, 'get', 'placement')
  await show(bed, 'get', 'events', '--field-selector', 'involvedObject.kind=Deployment')

  const moved = timeline.running().map(({ uid }) => uid)
  say('')
  await bed.nodes.heartbeat(victim, 'on')
  timeline.tell(`${victim} sends heartbeats again`)
  await until(() => !timeline.isLost(victim), { what: `${victim} to be back` })
  await sleep(CALM_MS)
  const same = timeline.running().filter(({ uid }) => moved.includes(uid)).length
  timeline.tell(
    `it has been back for ${CALM_MS / 1000} s: ${same} of ${PODS} pods are the same ones`,
  )
  await show(bed, 'get', 'pods', '-o', 'wide')
  const good = untouched() === PODS - 1 && same === PODS
  say(`\n${good ? 'ok   only the lost pod moved' : 'FAIL pods elsewhere were touched'}`)
  return good ? 0 : 1
}

async function located(bed: Testbed): Promise<number> {
  const labelSelector = 'edge-net.io/country-iso in (FR, DE)'
  return (await bed.admin.listAll(pathTo('nodes'), { labelSelector })).length
}

/** Runs kubectl and prints it as a terminal would, without the columns that are empty on fake nodes. */
async function show(bed: Testbed, ...args: readonly string[]): Promise<void> {
  say(`\n$ kubectl ${args.join(' ')}`)
  const { code, stdout, stderr } = await bed.kubectl(args)
  say(
    `${stdout}${stderr}`
      .replaceAll(/ +(NOMINATED NODE|<none>) +(READINESS GATES|<none>)$/gm, '')
      .trimEnd(),
  )
  if (code !== 0) throw new Error(`kubectl ${args[0]} failed`)
}

process.exitCode = await main()
