import { isDeepStrictEqual } from 'node:util'
import type { KubeObject } from '../../core/admission/types.ts'
import { compiler } from '../../core/geo/compile.ts'
import { HolderIndex } from '../../core/holder-index.ts'
import { AreaIndex } from '../../core/placement/choice/area-index.ts'
import { type AreaUse, areaUses } from '../../core/placement/choice/areas-in-use.ts'
import { Choices } from '../../core/placement/choice/choices.ts'
import { type GeoArea, storedGeoArea } from '../../core/placement/choice/geo-area.ts'
import { onlyPlacementLabels } from '../../core/placement/choice/node-changes.ts'
import {
  type NodeChange,
  NodeStore,
  type VersionedNode,
} from '../../core/placement/choice/node-store.ts'
import { NodeUsage } from '../../core/placement/choice/node-usage.ts'
import { versionedNode } from '../../core/placement/choice/node-view.ts'
import { type KnownPod, PlacedPods } from '../../core/placement/choice/placed-pods.ts'
import { Room } from '../../core/placement/choice/room.ts'
import { type Observed, observe, type PlacedWorkload } from '../../core/placement/observed.ts'
import type { Kind } from '../../core/placement/types.ts'
import type { KubeClient } from '../../platform/kube/client.ts'
import { pathTo, type RESOURCES } from '../../platform/kube/paths.ts'
import { Reflector } from '../../platform/kube/reflector.ts'
import { Losses } from '../healing/losses.ts'

/** The kinds that are watched, with the names of their resources. */
const WATCHED: readonly (readonly [Kind, keyof typeof RESOURCES])[] = [
  ['Deployment', 'deployments'],
  ['DaemonSet', 'daemonsets'],
  ['StatefulSet', 'statefulsets'],
  ['ReplicaSet', 'replicasets'],
  ['Job', 'jobs'],
  ['CronJob', 'cronjobs'],
  ['Pod', 'pods'],
]

/** What the controller is told of. Keys of workloads are `<kind>/<namespace>/<name>`. */
export interface ClusterEvents {
  node(change: NodeChange): void
  workload(key: string, now: PlacedWorkload | undefined, before: PlacedWorkload | undefined): void
  /** A placement label lost the last object that refers to it. */
  released(label: string): void
  area(name: string): void
  /** A pod left or joined a node: room has changed. */
  room(node: string): void
  report(key: string): void
  /** A Placement (`<namespace>/<name>`) came, changed or went. */
  reported(key: string, now: StoredReport | undefined, before: StoredReport | undefined): void
}

/** The report (Placement object) as stored: what is compared before a write. */
export interface StoredReport {
  readonly uid: string
  readonly spec: ReportSpec
  readonly status: unknown
}

/** `spec` of a Placement, as far as we have written it. */
export interface ReportSpec {
  readonly workload: {
    readonly apiVersion: string
    readonly kind: string
    readonly name: string
    readonly uid: string
  }
  readonly countedRows?: number
  readonly areas?: readonly string[]
}

/** The cluster as placement sees it: mirrors of the API server, and indexes over them. */
export class PlacementCluster {
  readonly areas = new AreaIndex(compiler)
  readonly nodes = new NodeStore(this.areas.inside)
  readonly usage = new NodeUsage()
  readonly choices = new Choices()
  readonly room = new Room(this.choices, this.usage, this.nodes)
  readonly pods = new PlacedPods()
  /** What healing has found out; all nodes are well while it does not run. */
  readonly losses = new Losses(this.nodes)
  /** Placed workloads by key. */
  readonly workloads = new Map<string, PlacedWorkload>()
  /** The workload (key) that each choice label belongs to. */
  readonly owners = new Map<string, string>()
  /** Which objects refer to which placement labels. */
  readonly holders = new HolderIndex()
  /** The area labels that placed workloads use now. */
  readonly areaUses = new Map<string, AreaUse>()
  readonly reports: Reflector<StoredReport>
  readonly #usesOf = new HolderIndex()
  readonly #events: ClusterEvents
  readonly #reflectors: Reflector<unknown>[]

  constructor(client: KubeClient, events: ClusterEvents) {
    this.reports = new Reflector<StoredReport>({
      client,
      name: 'placements',
      path: pathTo('placements'),
      project: (object) => ({
        uid: object.metadata.uid ?? '',
        spec: object['spec'] as ReportSpec,
        status: object['status'],
      }),
      onChange: (key, now, before) => events.reported(key, now, before),
    })
    this.#events = events
    this.#reflectors = [
      this.reports,
      this.#reflectNodes(client, events),
      this.#reflectAreas(client, events),
      ...WATCHED.map(([kind, resource]) => this.#reflectKind(client, events, kind, resource)),
    ]
  }

  start(): void {
    for (const reflector of this.#reflectors) reflector.start()
  }

  async stop(): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.stop()))
  }

  async whenSynced(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.whenSynced(signal)))
  }

  /** Names of the mirrors that have not seen a first complete list. */
  unsynced(): string[] {
    return this.#reflectors.filter((reflector) => !reflector.synced).map(({ name }) => name)
  }

  #reflectNodes(client: KubeClient, events: ClusterEvents): Reflector<unknown> {
    return new Reflector<VersionedNode>({
      client,
      name: 'placement-nodes',
      path: pathTo('nodes'),
      project: versionedNode,
      equal: (a, b) => isDeepStrictEqual(a.view, b.view),
      onChange: (name, now) => {
        const change = now && this.nodes.set(now)
        if (change) events.node(change)
        else if (!now) this.gone(name)
      },
      onRewind: () => this.nodes.rewind(),
    })
  }

  /**
   * Takes in the answer to a write of ours to a node. What it shows besides is told here, since the
   * watch will then show nothing new: the node may have moved or failed meanwhile. `before`: as it was
   * when the write was decided.
   */
  answered(node: VersionedNode, before = this.nodes.views.get(node.view.name)): void {
    const now = this.nodes.answer(node)?.now
    if (now && before && !onlyPlacementLabels({ before, now })) this.#events.node({ before, now })
  }

  /** A node does not exist any more, by the watch or by the answer to a write, whichever is first. */
  gone(node: string): void {
    this.areas.forget(node)
    this.room.forget(node)
    const change = this.nodes.delete(node)
    if (change.before) this.#events.node(change)
  }

  #reflectAreas(client: KubeClient, events: ClusterEvents): Reflector<unknown> {
    return new Reflector<GeoArea>({
      client,
      name: 'placement-geoareas',
      path: pathTo('geoareas'),
      project: storedGeoArea,
      equal: (a, b) => a.generation === b.generation && a.uid === b.uid,
      onChange: (name, now) => {
        this.areas.define(name, now?.definition)
        this.nodes.facts.redefine(name)
        events.area(name)
      },
    })
  }

  #reflectKind(
    client: KubeClient,
    events: ClusterEvents,
    kind: Kind,
    resource: keyof typeof RESOURCES,
  ): Reflector<unknown> {
    return new Reflector<Observed>({
      client,
      name: `placement-${resource}`,
      path: pathTo(resource),
      project: (object: KubeObject) => observe(kind, object),
      onChange: (id, now, before) => this.#observed(`${kind}/${id}`, now, before, events),
    })
  }

  #observed(
    key: string,
    now: Observed | undefined,
    before: Observed | undefined,
    events: ClusterEvents,
  ): void {
    for (const label of this.holders.set(key, now?.labels ?? [])) events.released(label)
    this.#bound(key, now, before, events)
    const pod = this.pods.set(key, now)
    if (now?.placed || before?.placed) this.#placed(key, now?.placed, before?.placed, events)
    if (pod && this.losses.why(pod.node)) this.#podOfLostNode(pod, events)
  }

  /** It came too late to be ended with the others, or what is reported of it has changed. */
  #podOfLostNode(pod: KnownPod, events: ClusterEvents): void {
    const workload = this.workloadOf(pod)
    if (workload !== undefined) events.report(workload)
  }

  /** The key of the placed workload that a pod belongs to. */
  workloadOf(pod: KnownPod): string | undefined {
    return this.pods.workloadOf(pod, (key) => this.workloads.has(key))
  }

  /** Keeps room and the pods of choices. */
  #bound(
    key: string,
    now: Observed | undefined,
    before: Observed | undefined,
    events: ClusterEvents,
  ): void {
    this.#waits(key, now, before, events)
    // Its marker can change too: everybody may write annotations.
    if (
      isDeepStrictEqual(now?.bound, before?.bound) &&
      isDeepStrictEqual(now?.choices, before?.choices)
    )
      return
    this.usage.set(key, now?.bound)
    if (before?.bound) this.choices.count(before.choices, before.bound.node, -1)
    if (now?.bound) this.choices.count(now.choices, now.bound.node, 1)
    for (const bound of [before?.bound, now?.bound]) if (bound) this.room.forget(bound.node)
    for (const label of now?.choices ?? before?.choices ?? []) this.room.forgetChoice(label)
    if (before?.bound) events.room(before.bound.node)
  }

  /** Keeps count of the pods for which room is kept. */
  #waits(
    key: string,
    now: Observed | undefined,
    before: Observed | undefined,
    events: ClusterEvents,
  ): void {
    if (!key.startsWith('Pod/')) return
    const [was, is] = [before, now].map((pod) => (pod && !pod.bound ? pod.choices : []))
    if (isDeepStrictEqual(was, is)) return
    this.choices.wait(was ?? [], -1)
    this.choices.wait(is ?? [], 1)
    for (const label of [...(was ?? []), ...(is ?? [])]) this.room.forgetChoice(label)
    if (now) return
    for (const label of was ?? []) for (const name of this.nodes.labelled(label)) events.room(name)
  }

  /** Whether room is kept for all pods of a choice, seen or not. */
  setFresh(label: string, fresh: boolean): void {
    this.choices.setFresh(label, fresh)
    this.room.forgetChoice(label)
  }

  #placed(
    key: string,
    now: PlacedWorkload | undefined,
    before: PlacedWorkload | undefined,
    events: ClusterEvents,
  ): void {
    for (const label of before?.choices.values() ?? []) this.#own(label, undefined)
    for (const label of now?.choices.values() ?? []) this.#own(label, now, key)
    if (now) this.workloads.set(key, now)
    else this.workloads.delete(key)
    this.#use(key, now, events)
    events.workload(key, now, before)
  }

  #own(label: string, owner: PlacedWorkload | undefined, key = ''): void {
    const demand = owner && { requests: owner.demand.requests, pods: owner.replicas }
    this.choices.demand(label, demand)
    this.room.forgetChoice(label)
    if (owner) this.owners.set(label, key)
    else this.owners.delete(label)
  }

  #use(key: string, now: PlacedWorkload | undefined, events: ClusterEvents): void {
    const uses = now ? areaUses(now.selection.rows) : []
    for (const use of uses) this.areaUses.set(use.label, use)
    const labels = uses.map(({ label }) => label)
    for (const label of this.#usesOf.set(key, labels)) {
      this.areaUses.delete(label)
      events.released(label)
    }
  }
}
