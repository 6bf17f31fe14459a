/**
 * `node tests/bench/heal-scale.ts`: 5,000 nodes with leases, 500 counted selections, and a node that
 * fails each second for a minute. Prints whether healing keeps up and what it costs the controllers;
 * judges nothing. The leases are renewed from here, at half of their duration instead of at a quarter
 * as kubelets do: 250 requests a second, on the same cores as what is measured.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { PlacementStatus } from '../../core/placement/report/report.ts'
import { pathTo } from '../../platform/kube/paths.ts'
import { forEachParallel } from '../../platform/parallel.ts'
import { type Testbed, until } from '../testbed/index.ts'
import { type BenchCloud, NODES, startBenchCloud } from './cloud.ts'
import { type Figure, ms, p50p99, type Say, seconds, table } from './figure.ts'
import { Fates } from './heal/fates.ts'
import { Heartbeats } from './heal/heartbeats.ts'
import { longestBlock, memory, readMetrics } from './process.ts'
import { deployment, SELECTIONS } from './workloads.ts'

const SELECTED = 500
const FAILURES = 60
const LEASE_SECONDS = 40
const PARALLEL = 20
const NAMESPACE = 'default'

const MOVES = 'edgenet_placement_moves_total{reason="lost"}'

const say: Say = (line) => process.stderr.write(`${line}\n`)

async function select({ admin }: Testbed): Promise<void> {
  const indices = Array.from({ length: SELECTED }, (_, i) => i)
  await forEachParallel(indices, PARALLEL, async (i) => {
    const annotations = SELECTIONS['counted']?.(i) ?? {}
    const object = deployment(`web-${i}`, { namespace: NAMESPACE, annotations })
    await admin.create(pathTo('deployments', { namespace: NAMESPACE }), object)
  })
  const satisfied = async () => {
    const all = await admin.listAll(pathTo('placements'))
    const good = all.filter((object) => isSatisfied(object['status']))
    return good.length === SELECTED
  }
  await until(satisfied, {
    what: `${SELECTED} selections to be satisfied`,
    timeoutMs: 180_000,
    everyMs: 1000,
  })
}

const isSatisfied = (status: unknown): boolean =>
  ((status as PlacementStatus | undefined)?.conditions ?? []).some(
    ({ type, status: is }) => type === 'Satisfied' && is === 'True',
  )

/** Every k-th of the chosen nodes: never too many of a country for its mass guard. */
function victimsOf(chosen: readonly string[]): string[] {
  const step = chosen.length / FAILURES
  return Array.from({ length: FAILURES }, (_, i) => chosen[Math.floor(i * step)] ?? '')
}

async function failOneASecond(cloud: BenchCloud, beats: Heartbeats, fates: Fates) {
  const ops = cloud.edgenet.urls.controllersOps
  const victims = victimsOf(fates.chosen())
  const places = victims.reduce((sum, name) => sum + fates.places(name), 0)
  const blocks: number[] = []
  await longestBlock(ops)
  const began = performance.now()
  const healed = () => victims.every((name) => fates.lostAt.has(name) && fates.places(name) === 0)
  const patience = FAILURES + LEASE_SECONDS + 60
  for (let second = 0; second < patience && !(second >= FAILURES && healed()); second++) {
    const victim = victims[second]
    if (victim) beats.stop(victim)
    await sleep(Math.max(0, began + (second + 1) * 1000 - performance.now()))
    blocks.push(await longestBlock(ops))
  }
  return { victims, places, blocks }
}

async function measure(cloud: BenchCloud, beats: Heartbeats, fates: Fates): Promise<Figure[]> {
  const ops = cloud.edgenet.urls.controllersOps
  const movesBefore = (await readMetrics(ops)).get(MOVES) ?? 0
  const { victims, places, blocks } = await failOneASecond(cloud, beats, fates)
  // A move is counted after its last write, which may have been seen here first.
  await sleep(2000)
  const moves = ((await readMetrics(ops)).get(MOVES) ?? 0) - movesBefore
  const healed = victims.filter((name) => fates.lostAt.has(name) && fates.places(name) === 0)
  const since = (name: string) => (fates.lostAt.get(name) ?? Number.NaN) - beats.lastMs(name)
  const lag = (name: string) => (fates.freeAt.get(name) ?? 0) - (fates.lostAt.get(name) ?? 0)
  const { now, peak } = memory(cloud.edgenet.controllers.pid())
  const wrong = [...fates.lostAt.keys()].filter((name) => !victims.includes(name))
  return [
    {
      what: `nodes that failed, one a second, of ${NODES}`,
      ours: `${victims.length}, healed ${healed.length}`,
    },
    { what: 'places on them, moves done', ours: `${places}, ${moves}` },
    {
      what: 'from the last renewal until lost',
      ours: `at most ${seconds(Math.max(...healed.map(since)))}`,
      beside: `${LEASE_SECONDS + 2} s`,
    },
    {
      what: 'from lost until the last label has moved',
      ours: `${p50p99(healed.map(lag))}, at most ${ms(Math.max(...healed.map(lag)))}`,
    },
    { what: 'nodes declared lost that were not', ours: String(wrong.length), beside: '0' },
    {
      what: 'longest block of the controllers’ event loop',
      ours: `${ms(Math.max(...blocks))}, median of the seconds ${ms(middle(blocks))}`,
      beside: '50 ms',
    },
    {
      what: 'memory of the controllers (resident)',
      ours: `${now.toFixed(0)} MB, at most ${peak.toFixed(0)} MB`,
      beside: '300 MB',
    },
    {
      what: 'longest round of renewals from here',
      ours: seconds(beats.longestRoundMs),
      beside: seconds(LEASE_SECONDS * 500),
    },
  ]
}

const middle = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

async function main(): Promise<void> {
  const cloud = await startBenchCloud(say)
  const fates = new Fates(cloud.bed.admin)
  const beats = new Heartbeats(cloud.bed.admin, LEASE_SECONDS)
  try {
    await fates.start()
    say(`creating ${NODES} leases`)
    await beats.start(fates.names())
    say(`${SELECTED} counted selections`)
    await select(cloud.bed)
    say('one failure a second')
    process.stdout.write(`${table(await measure(cloud, beats, fates))}\n`)
  } finally {
    await beats.end()
    await fates.stop()
    await cloud.stop()
  }
}

await main()
