import { isDeepStrictEqual } from 'node:util'
import type { HealingNote } from '../../core/healing/notes.ts'
import type { PlacedWorkload } from '../../core/placement/observed.ts'
import {
  newMove,
  type PlacementStatus,
  placementStatus,
} from '../../core/placement/report/report.ts'
import { reportEvents } from '../../core/placement/report/report-events.ts'
import { reportedUsage, reportName } from '../../core/placement/report/report-usage.ts'
import { isStatus, type KubeClient } from '../../platform/kube/client.ts'
import type { EventRecorder } from '../../platform/kube/events.ts'
import { pathTo } from '../../platform/kube/paths.ts'
import type { PlacementCluster, StoredReport } from './cluster.ts'
import { moves } from './metrics.ts'
import type { SelectionPlan } from './selection.ts'

/** Writes the Placement of each placed workload, and tells of changes by events on the workload. */
export class Reports {
  readonly #client: KubeClient
  readonly #events: EventRecorder
  readonly #cluster: PlacementCluster
  /** What was written last: the mirror may lag behind it. */
  readonly #written = new Map<string, PlacementStatus>()

  constructor(client: KubeClient, events: EventRecorder, cluster: PlacementCluster) {
    this.#client = client
    this.#events = events
    this.#cluster = cluster
  }

  async write(
    workload: PlacedWorkload,
    { result, survey }: SelectionPlan,
    notes: readonly HealingNote[],
  ): Promise<void> {
    const { namespace } = workload
    const name = reportName(workload.kind, workload.name)
    const key = `${namespace}/${name}`
    const spec = specOf(workload)
    const stored = this.#mine(key, spec)
    const before = this.#written.get(key) ?? (stored?.status as PlacementStatus | undefined)
    const status = placementStatus({
      workload,
      result,
      survey,
      nodes: this.#cluster.nodes.views,
      whyLost: this.#cluster.losses.words,
      notes,
      before: stored ? before : undefined,
      now: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
    })
    if (stored && isDeepStrictEqual(before, status)) return
    if (!stored) await this.#create(workload, name, spec)
    await this.#client.patch(
      pathTo('placements', { namespace, name, subresource: 'status' }),
      { status },
      'merge',
    )
    this.#written.set(key, status)
    this.#tell(workload, stored ? before : undefined, status)
  }

  /** Removes the report of a workload (`<kind>/<namespace>/<name>`) that is placed no more. */
  async remove(workloadKey: string): Promise<void> {
    const [kind = '', namespace = '', name = ''] = workloadKey.split('/')
    await this.#delete(namespace, reportName(kind, name))
  }

  /** Removes a stored report (`<namespace>/<name>`) whose workload is placed no more. */
  async removeStale(key: string): Promise<void> {
    const spec = this.#cluster.reports.items.get(key)?.spec as ReturnType<typeof specOf> | undefined
    const [namespace = '', name = ''] = key.split('/')
    const owner = spec && `${spec.workload.kind}/${namespace}/${spec.workload.name}`
    if (owner === undefined || !this.#cluster.workloads.has(owner))
      await this.#delete(namespace, name)
  }

  /** The stored report, unless it is about an earlier workload of the same name. */
  #mine(key: string, spec: ReturnType<typeof specOf>): StoredReport | undefined {
    const stored = this.#cluster.reports.items.get(key)
    if (stored) return isDeepStrictEqual(stored.spec, spec) ? stored : undefined
    const written = this.#written.get(key)
    return written && { uid: '', spec, status: written }
  }

  async #create(workload: PlacedWorkload, name: string, spec: object): Promise<void> {
    const { namespace } = workload
    const { apiVersion, kind, uid } = workload
    const object = {
      apiVersion: 'edge-net.io/v1alpha1',
      kind: 'Placement',
      metadata: {
        name,
        namespace,
        ownerReferences: [{ apiVersion, kind, name: workload.name, uid, controller: false }],
      },
      spec,
    }
    this.#written.delete(`${namespace}/${name}`)
    try {
      await this.#client.create(pathTo('placements', { namespace }), object)
    } catch (error) {
      if (!isStatus(error, 409)) throw error
      // Of an earlier workload of this name: it goes first, and the queue tries again.
      await this.#delete(namespace, name)
      throw error
    }
  }

  async #delete(namespace: string, name: string): Promise<void> {
    const key = `${namespace}/${name}`
    const known = this.#cluster.reports.items.has(key) || this.#written.has(key)
    this.#written.delete(key)
    if (!known) return
    await this.#client.delete(pathTo('placements', { namespace, name })).catch((error: unknown) => {
      if (!isStatus(error, 404)) throw error
    })
  }

  #tell(workload: PlacedWorkload, before: PlacementStatus | undefined, now: PlacementStatus): void {
    const move = newMove(before, now)
    const gone = move?.from !== undefined && !this.#cluster.nodes.views.has(move.from)
    const lost = move?.from !== undefined && this.#cluster.losses.why(move.from) !== undefined
    if (move) moves.inc({ reason: lost ? 'lost' : gone ? 'gone' : 'unusable' })
    for (const event of reportEvents(before, now)) this.#events.record(workload, event)
  }
}

function specOf({ apiVersion, kind, name, uid, selection }: PlacedWorkload) {
  return { workload: { apiVersion, kind, name, uid }, ...reportedUsage(selection) }
}
