import { areaUses } from '../../core/placement/choice/areas-in-use.ts'
import { isChoiceLabel } from '../../core/placement/choice/choices.ts'
import { factObstacle } from '../../core/placement/choice/membership.ts'
import {
  choicesOn,
  moved,
  onlyPlacementLabels,
  sameUse,
} from '../../core/placement/choice/node-changes.ts'
import type { NodeChange } from '../../core/placement/choice/node-store.ts'
import { RESTRICTED } from '../../core/placement/labels.ts'
import type { PlacedWorkload } from '../../core/placement/observed.ts'
import type { NodeView } from '../../core/placement/types.ts'
import { aborted } from '../../platform/aborted.ts'
import type { KubeClient } from '../../platform/kube/client.ts'
import type { EventRecorder } from '../../platform/kube/events.ts'
import { WorkQueue } from '../../platform/kube/queue.ts'
import { LostPods } from '../healing/lost-pods.ts'
import { areaChanges, nodeAreaChanges, type Sight } from './areas.ts'
import { type ClusterEvents, PlacementCluster, type StoredReport } from './cluster.ts'
import { placedWorkloads, shortWorkloads } from './metrics.ts'
import { change, type LabelChanges, NodeLabels, patchLabels } from './node-labels.ts'
import { Reports } from './reports.ts'
import { planSelection } from './selection.ts'

export interface PlacementOptions {
  /** A label nobody refers to is kept this long: a rollout or re-apply may bring it back. */
  readonly collectAfterMs: number
}

/** Changes that only alter a report are gathered this long. */
const REPORT_AFTER_MS = 500

/** Workloads wait this long for more room to come before they are looked at again. */
const ROOM_AFTER_MS = 1_000

/** A workload whose area is frozen is looked at again this often. */
const THAW_AFTER_MS = 2_000

/**
 * Room is kept for so long for pods that nobody has seen yet. Their controllers make them within a
 * second, those of lost pods when these have been deleted.
 */
const FRESH_MS = 5_000

const CONCURRENCY = 8

/**
 * Keeps the labels of areas and of selections, and reports on them. Level-triggered: each key of the
 * queue compares what is stored with what should be, and writes the difference.
 */
export class PlacementController implements ClusterEvents {
  readonly cluster: PlacementCluster
  readonly #labels: NodeLabels
  readonly #sight: Sight
  readonly #reports: Reports
  readonly #lostPods: LostPods
  readonly #nodeListeners: ((change: NodeChange) => void)[] = []
  readonly #queue: WorkQueue
  /** Workloads with fewer nodes than wanted: any node that gets better may serve them. */
  readonly #short = new Set<string>()
  readonly #collectAfterMs: number
  /** By choice label, on performance.now(). */
  readonly #freshSince = new Map<string, number>()
  #working = false

  constructor(client: KubeClient, events: EventRecorder, { collectAfterMs }: PlacementOptions) {
    this.#collectAfterMs = collectAfterMs
    this.cluster = new PlacementCluster(client, this)
    this.#labels = new NodeLabels({
      nodes: this.cluster.nodes,
      patch: patchLabels(client),
      answered: (node, before) => this.cluster.answered(node, before),
      gone: (node) => this.cluster.gone(node),
    })
    this.#sight = { cluster: this.cluster, labels: this.#labels }
    this.#reports = new Reports(client, events, this.cluster)
    this.#lostPods = new LostPods(client, this.cluster)
    this.#queue = new WorkQueue({
      name: 'placement',
      concurrency: CONCURRENCY,
      laneOf,
      handler: (key, signal) => this.#handle(key, signal),
    })
  }

  /** Works until the signal is aborted. The cluster's mirrors must have been started. */
  async run(signal: AbortSignal): Promise<void> {
    await this.cluster.whenSynced(signal)
    this.#working = true
    for (const label of this.cluster.areaUses.keys()) this.#queue.add(`area/${label}`)
    for (const key of this.cluster.workloads.keys()) this.#queue.add(`workload/${key}`)
    for (const key of this.cluster.reports.items.keys()) this.#queue.add(`stale/${key}`)
    for (const label of this.cluster.nodes.labels()) this.#collectLater(label)
    await aborted(signal)
    this.#working = false
    await this.#queue.stop()
  }

  /** Calls `listener` for each change of a node, whether this process leads or not. */
  onNode(listener: (change: NodeChange) => void): void {
    this.#nodeListeners.push(listener)
  }

  /** Healing has come to another opinion about a node. Returns the workloads that have something there. */
  lossChanged(node: string): PlacedWorkload[] {
    const keys = new Set<string>()
    for (const pod of this.cluster.pods.on(node).values()) {
      const key = this.cluster.workloadOf(pod)
      if (key !== undefined) keys.add(key)
    }
    for (const [key, workload] of this.cluster.workloads) {
      if (this.#isChosen(workload, node)) keys.add(key)
    }
    for (const key of [...keys, ...this.#short]) this.#add(`workload/${key}`)
    return [...keys].flatMap((key) => this.cluster.workloads.get(key) ?? [])
  }

  node(change: NodeChange): void {
    for (const listener of this.#nodeListeners) listener(change)
    if (!this.#working) return
    const { now } = change
    if (now && moved(change)) this.#add(`node/${now.name}`)
    const minor = onlyPlacementLabels(change)
    const chosen = this.#choosers(change, minor)
    for (const key of chosen) this.#add(`workload/${key}`)
    if (!minor) this.#tellOthers(change, chosen)
    else if (chosen.size > 0) this.#roomFor(now)
  }

  /** Tells the workloads for which a node was not chosen that it has changed. */
  #tellOthers(change: NodeChange, chosen: ReadonlySet<string>): void {
    for (const [key, workload] of this.cluster.workloads) {
      if (chosen.has(key)) continue
      if (this.#short.has(key) && this.#isMember(workload, change.now)) this.#add(`workload/${key}`)
      else if (this.#concerns(workload, change)) this.report(key)
    }
  }

  /** The workloads (keys) for which a node is or was chosen; after a minor change, is or was but not both. */
  #choosers(change: NodeChange, minor: boolean): Set<string> {
    const keys = new Set<string>()
    for (const label of choicesOn(change, minor)) {
      const key = this.cluster.owners.get(label)
      if (key !== undefined) keys.add(key)
    }
    return keys
  }

  workload(key: string, now: PlacedWorkload | undefined): void {
    placedWorkloads.set(this.cluster.workloads.size)
    if (!now) this.#setShort(key, false)
    // Before its areas: the chosen nodes get all their labels in one write.
    this.#add(`workload/${key}`)
    for (const { label } of areaUses(now?.selection.rows ?? [])) this.#add(`area/${label}`)
  }

  released(label: string): void {
    this.#collectLater(label)
  }

  area(name: string): void {
    for (const { label, area } of this.cluster.areaUses.values()) {
      if (area.kind === 'named' && area.name === name) this.#add(`area/${label}`)
    }
    for (const [key, { selection }] of this.cluster.workloads) {
      const areas = selection.rows.flatMap((row) => [...row.anyOf, ...row.noneOf])
      const uses = areas.some((area) => area.kind === 'named' && area.name === name)
      if (uses) this.#add(`workload/${key}`)
    }
  }

  room(node: string): void {
    this.#roomFor(this.cluster.nodes.views.get(node))
    if (this.cluster.nodes.views.get(node)?.schedulable !== false) return
    // The last pod of a cordoned node takes the slot with it.
    for (const [key, workload] of this.cluster.workloads) {
      if (this.#isChosen(workload, node)) this.#add(`workload/${key}`)
    }
  }

  /** Short workloads look again, if it is a node that they can use. */
  #roomFor(node: NodeView | undefined): void {
    for (const key of this.#short) {
      const workload = this.cluster.workloads.get(key)
      if (workload && this.#isMember(workload, node))
        this.#queue.addAfter(`workload/${key}`, ROOM_AFTER_MS)
    }
  }

  report(key: string): void {
    if (this.#working) this.#queue.addAfter(`workload/${key}`, REPORT_AFTER_MS)
  }

  /** A report without a workload, or a workload without its report, is looked at again. */
  reported(key: string, now: StoredReport | undefined, before: StoredReport | undefined): void {
    const owner = this.#reports.seen(key, now, before)
    if (owner !== undefined && (!now || !this.cluster.workloads.has(owner))) this.report(owner)
  }

  #add(key: string): void {
    if (this.#working) this.#queue.add(key)
  }

  #collectLater(label: string): void {
    if (this.#working && label.startsWith(RESTRICTED)) {
      this.#queue.addAfter(`collect/${label}`, this.#collectAfterMs)
    }
  }

  async #handle(key: string, signal: AbortSignal): Promise<number | undefined> {
    const [what, id] = [key.slice(0, key.indexOf('/')), key.slice(key.indexOf('/') + 1)]
    if (what === 'fresh') return this.#expectNoPods(id)
    if (what === 'workload') await this.#syncWorkload(id, signal)
    else if (what === 'area') await this.#syncArea(id, signal)
    else if (what === 'node') await this.#syncNode(id, signal)
    else if (what === 'stale') await this.#reports.removeStale(id)
    else await this.#collect(id, signal)
    return undefined
  }

  /** Nodes have been chosen: others keep off the room until the pods have had time to come. */
  #expectPods({ choices }: PlacedWorkload): void {
    for (const label of choices.values()) {
      this.cluster.setFresh(label, true)
      this.#freshSince.set(label, performance.now())
      this.#queue.addAfter(`fresh/${label}`, FRESH_MS)
    }
  }

  /** Returns when to look again, in ms: nodes may have been chosen anew meanwhile. */
  async #expectNoPods(label: string): Promise<number | undefined> {
    const restMs = (this.#freshSince.get(label) ?? 0) + FRESH_MS - performance.now()
    if (restMs > 0) return restMs
    this.#freshSince.delete(label)
    this.cluster.setFresh(label, false)
    for (const name of this.cluster.nodes.labelled(label)) {
      this.#roomFor(this.cluster.nodes.views.get(name))
    }
    return undefined
  }

  async #syncArea(label: string, signal: AbortSignal): Promise<void> {
    const use = this.cluster.areaUses.get(label)
    if (use) await this.#labels.write(areaChanges(use, this.#sight), signal)
  }

  async #syncNode(name: string, signal: AbortSignal): Promise<void> {
    const node = this.cluster.nodes.views.get(name)
    if (node) await this.#labels.write(nodeAreaChanges(node, this.#sight), signal)
  }

  async #syncWorkload(key: string, signal: AbortSignal): Promise<void> {
    const workload = this.cluster.workloads.get(key)
    if (!workload) return this.#reports.remove(key)
    const plan = planSelection(workload, this.cluster)
    this.#setShort(key, plan.result.short.length > 0)
    if (plan.add.size > 0) this.#expectPods(workload)
    await this.#labels.write(plan.add, signal)
    await this.#takeOff(plan.remove, signal)
    const notes = await this.#lostPods.end(key, workload, plan, signal)
    await this.#reports.write(workload, plan, notes)
    if (plan.frozen.size > 0) this.#queue.addAfter(`workload/${key}`, THAW_AFTER_MS)
  }

  /** Takes a label that nothing refers to off all nodes. */
  async #collect(label: string, signal: AbortSignal): Promise<void> {
    if (this.cluster.holders.has(label) || this.cluster.areaUses.has(label)) return
    const changes: LabelChanges = new Map()
    for (const node of this.cluster.nodes.labelled(label)) change(changes, node, label, false)
    await this.#takeOff(changes, signal)
  }

  /** A label less on a node is room for others. */
  async #takeOff(changes: LabelChanges, signal: AbortSignal): Promise<void> {
    await this.#labels.write(changes, signal)
    for (const name of changes.keys()) this.#roomFor(this.cluster.nodes.views.get(name))
  }

  #setShort(key: string, short: boolean): void {
    if (short) this.#short.add(key)
    else this.#short.delete(key)
    shortWorkloads.set(this.#short.size)
  }

  #isChosen({ choices }: PlacedWorkload, node: string): boolean {
    for (const label of choices.values()) {
      if (isChoiceLabel(label) && this.cluster.nodes.labelled(label).has(node)) return true
    }
    return false
  }

  /** Whether a report says something else when a node changes that was not chosen. */
  #concerns(workload: PlacedWorkload, change: NodeChange): boolean {
    const was = this.#isMember(workload, change.before)
    const is = this.#isMember(workload, change.now)
    return was !== is || (is && !sameUse(change))
  }

  #isMember({ selection }: PlacedWorkload, node: NodeView | undefined): boolean {
    if (!node) return false
    const { inside } = this.cluster.areas
    return selection.rows.some((row) => factObstacle(row, node, inside) === undefined)
  }
}

/** Namespaces take turns, so that one that asks for much does not make the others wait. */
function laneOf(key: string): string {
  const [what = '', , namespace = ''] = key.split('/')
  return what === 'workload' ? `${what}/${namespace}` : what
}
