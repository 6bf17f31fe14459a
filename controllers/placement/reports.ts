import { isDeepStrictEqual } from 'node:util'
import type { KubeObject } from '../../core/admission/types.ts'
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
import { isTerminating } from '../../platform/kube/errors.ts'
import type { EventRecorder } from '../../platform/kube/events.ts'
import { pathTo } from '../../platform/kube/paths.ts'
import type { PlacementCluster, ReportSpec, StoredReport } from './cluster.ts'
import { moves } from './metrics.ts'
import type { SelectionPlan } from './selection.ts'

/** A report as we wrote it last: the mirror may lag behind. */
interface Written {
  /** Of the Placement. */
  readonly uid: string
  readonly spec: ReportSpec
  readonly status: PlacementStatus | undefined
}

/** Writes the Placement of each placed workload, and tells of changes by events on the workload. */
export class Reports {
  readonly #client: KubeClient
  readonly #events: EventRecorder
  readonly #cluster: PlacementCluster
  /** By `<namespace>/<name>`, until the mirror shows the same. */
  readonly #written = new Map<string, Written>()

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
    const key = `${workload.namespace}/${reportName(workload.kind, workload.name)}`
    const known = this.#known(key, workload.uid)
    // The collector deletes reports before the workload itself goes.
    if (!known && workload.deleting) return
    const before = known?.status
    const status = placementStatus({
      workload,
      result,
      survey,
      nodes: this.#cluster.nodes.views,
      whyLost: this.#cluster.losses.words,
      notes,
      before,
      now: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
    })
    try {
      const report = await this.#writeSpec(workload, key, known)
      if (report === known && isDeepStrictEqual(before, status)) return
      await this.#writeStatus(key, report, status)
    } catch (error) {
      if (isTerminating(error)) return
      if (isStatus(error, 404)) this.#written.delete(key)
      if (isStatus(error, 404) && workload.deleting) return
      throw error
    }
    this.#tell(workload, before, status)
  }

  /**
   * What the watch shows of a Placement. Returns the workload (`<kind>/<namespace>/<name>`) that it is
   * about.
   */
  seen(
    key: string,
    now: StoredReport | undefined,
    before: StoredReport | undefined,
  ): string | undefined {
    const written = this.#written.get(key)
    const caughtUp = now
      ? isDeepStrictEqual(written, { uid: now.uid, spec: now.spec, status: now.status })
      : written?.uid === before?.uid
    if (caughtUp) this.#written.delete(key)
    return ownerOf(key, now ?? before)
  }

  /** Removes the report of a workload (`<kind>/<namespace>/<name>`) that is placed no more. */
  async remove(workloadKey: string): Promise<void> {
    const [kind = '', namespace = '', name = ''] = workloadKey.split('/')
    await this.#delete(`${namespace}/${reportName(kind, name)}`)
  }

  /** Removes a stored report (`<namespace>/<name>`) whose workload is placed no more. */
  async removeStale(key: string): Promise<void> {
    const owner = ownerOf(key, this.#cluster.reports.items.get(key))
    if (owner === undefined || !this.#cluster.workloads.has(owner)) await this.#delete(key)
  }

  /** The report on this workload, not on an earlier one of the same name. */
  #known(key: string, workloadUid: string): Written | undefined {
    const stored = this.#cluster.reports.items.get(key)
    const latest = this.#written.get(key) ?? stored
    if (latest?.spec?.workload?.uid !== workloadUid) return undefined
    return { ...latest, status: latest.status as PlacementStatus | undefined }
  }

  /** Returns the report with a right spec; `known` itself when it was right already. */
  async #writeSpec(
    workload: PlacedWorkload,
    key: string,
    known: Written | undefined,
  ): Promise<Written> {
    const spec = specOf(workload)
    if (known && isDeepStrictEqual(known.spec, spec)) return known
    const object = known
      ? await this.#client.patch(pathOf(key), { spec }, 'merge')
      : await this.#create(workload, key, spec)
    const written = { uid: object.metadata.uid ?? '', spec, status: known?.status }
    this.#written.set(key, written)
    return written
  }

  async #writeStatus(key: string, { uid, spec }: Written, status: PlacementStatus): Promise<void> {
    await this.#client.patch(pathOf(key, 'status'), { status }, 'merge')
    this.#written.set(key, { uid, spec, status })
  }

  async #create(workload: PlacedWorkload, key: string, spec: ReportSpec): Promise<KubeObject> {
    const { apiVersion, kind, uid, namespace } = workload
    const object = {
      apiVersion: 'edge-net.io/v1alpha1',
      kind: 'Placement',
      metadata: {
        name: nameOf(key),
        namespace,
        ownerReferences: [{ apiVersion, kind, name: workload.name, uid, controller: false }],
      },
      spec,
    }
    const collection = pathTo('placements', { namespace })
    try {
      return await this.#client.create(collection, object)
    } catch (error) {
      if (!isStatus(error, 409)) throw error
    }
    const found = await this.#client.get(pathOf(key))
    const theirs = (found['spec'] as ReportSpec | undefined)?.workload
    // Ours, which the mirror does not show yet.
    if (theirs?.uid === uid) return this.#client.patch(pathOf(key), { spec }, 'merge')
    // Of an earlier workload of this name.
    await this.#client.delete(pathOf(key), {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { uid: found.metadata.uid },
    })
    return this.#client.create(collection, object)
  }

  async #delete(key: string): Promise<void> {
    const known = this.#cluster.reports.items.has(key) || this.#written.has(key)
    this.#written.delete(key)
    if (!known) return
    await this.#client.delete(pathOf(key)).catch((error: unknown) => {
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

function specOf({ apiVersion, kind, name, uid, selection }: PlacedWorkload): ReportSpec {
  return { workload: { apiVersion, kind, name, uid }, ...reportedUsage(selection) }
}

function ownerOf(key: string, report: StoredReport | undefined): string | undefined {
  const workload = report?.spec?.workload
  return workload && `${workload.kind}/${namespaceOf(key)}/${workload.name}`
}

const namespaceOf = (key: string): string => key.slice(0, key.indexOf('/'))
const nameOf = (key: string): string => key.slice(key.indexOf('/') + 1)

const pathOf = (key: string, subresource?: string): string =>
  pathTo('placements', { namespace: namespaceOf(key), name: nameOf(key), subresource })
