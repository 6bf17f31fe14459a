import { setTimeout as sleep } from 'node:timers/promises'
import { markerText, parseMarker } from '../../../core/placement/injection/marker.ts'
import { podTemplate } from '../../../core/placement/workload.ts'
import { forEachParallel } from '../../../platform/parallel.ts'
import { nodeWrites } from '../../healing/support.ts'
import { type Cloud, create, startCloud, workload } from '../../placement/support.ts'
import { type AuditPosition, until } from '../../testbed/index.ts'
import { type BenchKind, benchNodes, KINDS, keyOf, ROWS, type Row } from './rows.ts'
import { type PodSeen, Sight } from './sight.ts'

/** What a container takes to start and to stop, in seconds. */
export const POD_START = 3
export const POD_STOP = 2

/** After this time of the node being back the original has restarted every pod. */
const RETURN_MS = 45_000

/** One row and kind. Times in seconds. */
export interface Figures {
  readonly row: Row
  readonly kind: BenchKind
  /** From the request to its answer: admission. */
  readonly create: number
  /** From the request to the last choice label on a node: admission and selection. */
  readonly selected: number
  /** From the request to all pods running. */
  readonly up: number
  /** From the failure to the decision. */
  readonly detection: number
  /** From the decision to all pods running again. */
  readonly recovery: number
  /** Label writes on nodes for the failure. */
  readonly labelWrites: number
  /** Pods on other nodes that were restarted: until recovered, and 45 s after the return. */
  readonly restarted: number
  readonly restartedAfterReturn: number
  /** Bars that were missed, in words. */
  readonly failures: readonly string[]
}

export interface Run {
  readonly leaseSeconds: number
  readonly rows: readonly Figures[]
}

interface Started {
  readonly row: Row
  readonly kind: BenchKind
  readonly key: string
  readonly label: string
  readonly create: number
  readonly selected: number
  readonly up: number
  readonly pods: readonly PodSeen[]
  readonly victim: string
}

/** Runs all rows on one new control plane whose nodes have leases of this length. */
export async function replay(leaseSeconds: number, say: (line: string) => void): Promise<Run> {
  const bed = { leaseSeconds, podStart: POD_START, podStop: POD_STOP }
  const cloud = await startCloud({ nodes: benchNodes(), bed })
  const sight = new Sight(cloud.bed)
  try {
    await sight.start()
    const started: Started[] = []
    for (const [index, row] of ROWS.entries()) {
      for (const kind of KINDS) started.push(await begin(cloud, sight, { row, kind, index }))
    }
    say(`${started.length} workloads run`)
    return { leaseSeconds, rows: await failAll(cloud, sight, started, { leaseSeconds, say }) }
  } finally {
    await sight.stop()
    await cloud.stop()
  }
}

async function begin(
  { bed }: Cloud,
  sight: Sight,
  { row, kind, index }: { readonly row: Row; readonly kind: BenchKind; readonly index: number },
): Promise<Started> {
  const key = keyOf(index, kind)
  const place = { ...row.place, nodes: String(row.count) }
  const pod = { nodeSelector: { bench: key } }
  const object = workload(kind, key, { place, pod, replicas: row.count })
  const since = performance.now()
  const stored = await create(bed, object)
  const createdMs = performance.now()
  const marker = parseMarker(markerText(podTemplate(kind, stored).metadata))
  const label = marker?.rows[0]?.use ?? ''
  const all = { timeoutMs: 120_000, everyMs: 20 }
  await until(() => sight.labelled(label).length === row.count, {
    ...all,
    what: `labels of ${key}`,
  })
  await until(() => sight.running(key).length === row.count, { ...all, what: `pods of ${key}` })
  const pods = sight.running(key)
  const labelledMs = sight
    .labelled(label)
    .map((name) => sight.labelledAt.get(`${name} ${label}`) ?? 0)
  return {
    row,
    kind,
    key,
    label,
    create: (createdMs - since) / 1000,
    selected: (Math.max(...labelledMs, createdMs) - since) / 1000,
    up: (lastRunning(sight, pods) - since) / 1000,
    pods,
    victim: pods.map(({ node }) => node).sort()[0] ?? '',
  }
}

const lastRunning = (sight: Sight, pods: readonly PodSeen[]): number =>
  Math.max(...pods.map(({ uid }) => sight.runningAt.get(uid) ?? 0))

interface Course {
  readonly leaseSeconds: number
  readonly say: (line: string) => void
}

async function failAll(
  { bed }: Cloud,
  sight: Sight,
  started: readonly Started[],
  { leaseSeconds, say }: Course,
): Promise<Figures[]> {
  const mark = bed.audit.mark()
  const victims = started.map(({ victim }) => victim)
  const failedMs = new Map<string, number>()
  const switchAll = (state: 'on' | 'off') =>
    forEachParallel(victims, victims.length, async (name) => {
      await bed.nodes.heartbeat(name, state)
      failedMs.set(name, failedMs.get(name) ?? performance.now())
    })
  await switchAll('off')
  const patience = { timeoutMs: leaseSeconds * 1000 + 60_000, everyMs: 20 }
  const recovered = ({ key, row, victim }: Started) => {
    const pods = sight.running(key)
    return pods.length === row.count && pods.every(({ node }) => node !== victim)
  }
  await until(() => started.every(recovered), { ...patience, what: 'all to recover' })
  say('one node of each has failed and is replaced')
  await sleep(1_000)
  const half = started.map((each) => {
    const lostMs = sight.lostAt.get(each.victim) ?? 0
    return {
      ...each,
      detection: (lostMs - (failedMs.get(each.victim) ?? 0)) / 1000,
      recovery: (lastRunning(sight, sight.running(each.key)) - lostMs) / 1000,
      labelWrites: labelWrites(mark, each, bed),
      restarted: gone(sight, each),
    }
  })
  await switchAll('on')
  await until(() => sight.lost().length === 0, { ...patience, what: 'the nodes to be back' })
  say(`the nodes are back; waiting ${RETURN_MS / 1000} s`)
  await sleep(RETURN_MS)
  return half.map((each) =>
    judged({ ...each, restartedAfterReturn: gone(sight, each) }, leaseSeconds),
  )
}

/** PATCHes on the row's nodes, without the one that wrote the taint. */
function labelWrites(mark: AuditPosition, { key }: Started, bed: Cloud['bed']): number {
  const writes = [...nodeWrites(bed, mark)].filter(([name]) => name.startsWith(`${key}-`))
  return writes.reduce((sum, [, count]) => sum + count, 0) - 1
}

/** Pods that ran on other nodes and do not any more. */
function gone(sight: Sight, { key, pods, victim }: Started): number {
  const now = new Set(sight.running(key).map(({ uid }) => uid))
  return pods.filter(({ node, uid }) => node !== victim && !now.has(uid)).length
}

function judged(figures: Omit<Figures, 'failures'>, leaseSeconds: number): Figures {
  const bars: [boolean, string][] = [
    [figures.restarted === 0, 'pods on other nodes were restarted'],
    [figures.restartedAfterReturn === 0, 'pods were restarted by the return'],
    [figures.labelWrites === 2, `${figures.labelWrites} label writes instead of 2`],
    [figures.detection <= leaseSeconds + 2, 'detected too late'],
    [figures.recovery <= POD_START + 2, 'recovered too late'],
  ]
  return { ...figures, failures: bars.filter(([held]) => !held).map(([, what]) => what) }
}
