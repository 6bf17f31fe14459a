import type { Missing } from '../../core/healing/guards.ts'
import { HoldDown } from '../../core/healing/hold-down.ts'
import { type Loss, lossWords } from '../../core/healing/loss.ts'
import { isFenced, judge, type Verdict } from '../../core/healing/verdict.ts'
import { aborted } from '../../platform/aborted.ts'
import type { KubeClient } from '../../platform/kube/client.ts'
import type { EventRecorder, EventText } from '../../platform/kube/events.ts'
import { WorkQueue } from '../../platform/kube/queue.ts'
import { log } from '../../platform/log.ts'
import type { PlacementController } from '../placement/controller.ts'
import { LeaseMonitor } from './lease-monitor.ts'
import { MassGuard } from './mass-guard.ts'
import { detectionSeconds, lostNodes, recoveries } from './metrics.ts'
import type { HealingSettings } from './settings.ts'
import { LostTaints } from './taints.ts'
import { WatchedNodes } from './watched-nodes.ts'

/** Frozen nodes are looked at again this often. */
const FROZEN_MS = 1_000

const CONCURRENCY = 10

/**
 * Decides which nodes are lost, writes that down on the node, and has the placement controller move
 * what was there. Level-triggered by node: what is seen against what is written.
 */
export class HealingController {
  readonly monitor: LeaseMonitor
  readonly #placement: PlacementController
  readonly #events: EventRecorder
  readonly #settings: HealingSettings
  readonly #nodes: WatchedNodes
  readonly #taints: LostTaints
  readonly #guard: MassGuard
  readonly #hold: HoldDown
  readonly #queue: WorkQueue
  readonly #fenced = new Set<string>()
  #working = false

  constructor(
    client: KubeClient,
    events: EventRecorder,
    placement: PlacementController,
    settings: HealingSettings,
  ) {
    const { cluster } = placement
    const { marginMs, silenceMs, mass } = settings
    this.#placement = placement
    this.#events = events
    this.#settings = settings
    this.monitor = new LeaseMonitor({
      client,
      marginMs,
      silenceMs,
      onChange: (name) => this.#add(name),
    })
    this.#nodes = new WatchedNodes(cluster, this.monitor)
    this.#taints = new LostTaints(client, cluster)
    this.#hold = new HoldDown(settings.hold)
    this.#guard = new MassGuard({
      cluster,
      events,
      limits: mass,
      missing: () => this.#missing(),
      countryOf: (name) => this.#nodes.countryOf(name),
    })
    this.#queue = new WorkQueue({
      name: 'healing',
      concurrency: CONCURRENCY,
      minBackoffMs: 100,
      maxBackoffMs: 5_000,
      handler: (name, signal) => this.#sync(name, signal),
    })
    const { losses } = cluster
    losses.fenced = this.#fenced
    losses.limits = mass
    losses.missing = () => this.#missing()
    losses.heldDown = () => this.#hold.held(performance.now())
    placement.onNode((change) => {
      if (this.#nodes.note(change)) this.#add((change.now ?? change.before)?.name ?? '')
    })
  }

  /** Names of the mirrors that have not seen a first complete list. */
  unsynced(): string[] {
    return this.monitor.synced || !this.#settings.enabled ? [] : ['healing-leases']
  }

  /** Begins to watch, long before it may act: a successor knows at once who is silent. */
  start(): void {
    if (this.#settings.enabled) this.monitor.start()
  }

  /** Works until the signal is aborted. The cluster's mirrors and the monitor must have been started. */
  async run(signal: AbortSignal): Promise<void> {
    const { cluster } = this.#placement
    await cluster.whenSynced(signal)
    if (!this.#settings.enabled) return this.#withdraw(signal)
    await this.monitor.whenSynced(signal)
    this.#working = true
    for (const name of [...cluster.nodes.views.keys(), ...cluster.pods.nodes()]) this.#add(name)
    await aborted(signal)
    this.#working = false
    await this.#queue.stop()
  }

  /** Healing was switched off: what it wrote would stay for ever. */
  async #withdraw(signal: AbortSignal): Promise<void> {
    for (const name of [...this.#placement.cluster.nodes.lost]) {
      await this.#taints.write(name, undefined, signal)
    }
  }

  #add(name: string): void {
    if (this.#working) this.#queue.add(name)
  }

  /** Returns when to look again, in ms. */
  async #sync(name: string, signal: AbortSignal): Promise<number | undefined> {
    const { nodes, losses } = this.#placement.cluster
    const exists = nodes.views.has(name)
    if (!exists && this.#placement.cluster.pods.on(name).size === 0) return this.#forget(name)
    this.#guard.refresh()
    const signals = this.#nodes.signals(name)
    const verdict = judge(signals, this.#settings.patience, performance.now())
    const fenced = verdict.loss !== undefined && isFenced(signals)
    const changed = fenced !== this.#fenced.has(name)
    if (fenced) this.#fenced.add(name)
    else this.#fenced.delete(name)
    const known = losses.why(name)
    if (verdict.loss && !known) return this.#lose(name, verdict.loss, signal)
    if (!verdict.loss && known) await this.#recover(name, signal)
    else if (known && changed) this.#placement.lossChanged(name)
    return verdict.againMs
  }

  async #lose(
    name: string,
    { reason, sinceMs }: NonNullable<Verdict['loss']>,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    if (this.#guard.isFrozen(name)) return FROZEN_MS
    // The watch may be stale; the API server itself is asked before anything is done.
    if (reason === 'LeaseExpired' && !(await this.monitor.confirm(name))) return undefined
    const { cluster } = this.#placement
    const silentMs = performance.now() - sinceMs
    const seconds = Math.round(this.#stated(name, reason) ?? silentMs / 1000)
    const loss: Loss = { reason, seconds, since: Math.round((Date.now() - silentMs) / 1000) }
    if (reason === 'Deleted') cluster.losses.gone.set(name, loss)
    else await this.#taints.write(name, loss, signal)
    detectionSeconds.observe({ reason }, silentMs / 1000)
    const workloads = this.#placement.lossChanged(name)
    this.#count()
    const note = `${name} is lost: ${lossWords(loss)}`
    log.warn(note, { silentMs: Math.round(silentMs), workloads: workloads.length })
    this.#tell(name, { type: 'Warning', reason: 'NodeLost', action: 'Heal', note })
    for (const workload of workloads) {
      this.#events.record(workload, { type: 'Warning', reason: 'NodeLost', action: 'Heal', note })
    }
    return undefined
  }

  /** A lease is silent for as long as it says itself, whatever milliseconds passed until we looked. */
  #stated(name: string, reason: Loss['reason']): number | undefined {
    const lease = this.monitor.detector.leaseOf(name)
    return reason === 'LeaseExpired' && lease ? lease.durationMs / 1000 : undefined
  }

  async #recover(name: string, signal: AbortSignal): Promise<void> {
    const { losses } = this.#placement.cluster
    const holdMs = this.#hold.returned(name, performance.now())
    losses.gone.delete(name)
    await this.#taints.write(name, undefined, signal)
    recoveries.inc()
    this.#placement.lossChanged(name)
    // When it may be chosen again, whoever is short should hear of it.
    setTimeout(() => this.#working && this.#placement.lossChanged(name), holdMs + 1).unref()
    this.#count()
    const note = `${name} is back; it is not chosen anew for ${Math.round(holdMs / 1000)} s`
    log.info(note)
    this.#tell(name, { type: 'Normal', reason: 'NodeBack', action: 'Heal', note })
  }

  /** The node and all that we had placed on it are gone. */
  #forget(name: string): undefined {
    this.#placement.cluster.losses.gone.delete(name)
    this.#fenced.delete(name)
    this.#nodes.forget(name)
    this.#count()
  }

  #count(): void {
    const { losses } = this.#placement.cluster
    lostNodes.set(losses.lost.size + losses.gone.size)
  }

  #tell(name: string, text: EventText): void {
    this.#events.record({ apiVersion: 'v1', kind: 'Node', name, uid: name }, text)
  }

  /** Everything that cannot be seen to be alive: late by its lease, not ready, or recorded as lost. */
  #missing(): Missing[] {
    const nowMs = performance.now()
    const { losses, nodes } = this.#placement.cluster
    const missing = new Map<string, Missing>()
    for (const each of this.monitor.detector.missing(nowMs)) {
      // A lease may outlive its node.
      if (nodes.views.has(each.name)) missing.set(each.name, each)
    }
    for (const each of this.#nodes.unready()) {
      if (!missing.has(each.name)) missing.set(each.name, each)
    }
    for (const name of [...losses.lost, ...losses.gone.keys()]) {
      const loss = losses.why(name)
      if (missing.has(name) || !loss) continue
      missing.set(name, { name, sinceMs: nowMs - (Date.now() - loss.since * 1000) })
    }
    return [...missing.values()]
  }
}
