import { LOST_TAINT } from '../../core/healing/loss.ts'
import {
  fencingNote,
  frozenNote,
  type HealingNote,
  jobNote,
  noReplacementNote,
} from '../../core/healing/notes.ts'
import { type PodAction, type PodRule, podAction } from '../../core/healing/pods.ts'
import { hostEnterObstacle } from '../../core/placement/choice/eligible.ts'
import { untoleratedTaint } from '../../core/placement/choice/match.ts'
import { factObstacle } from '../../core/placement/choice/membership.ts'
import type { KnownPod } from '../../core/placement/choice/placed-pods.ts'
import type { PlacedWorkload } from '../../core/placement/observed.ts'
import { isStatus, type KubeClient } from '../../platform/kube/client.ts'
import { pathTo } from '../../platform/kube/paths.ts'
import { forEachParallel } from '../../platform/parallel.ts'
import type { PlacementCluster } from '../placement/cluster.ts'
import type { SelectionPlan } from '../placement/selection.ts'
import { deletedPods } from './metrics.ts'

/** Deletes at a time. */
const PARALLEL = 20

const LOST = { key: LOST_TAINT, effect: 'NoSchedule' }

/** Ends the pods of one workload that are on lost nodes, after its labels have moved, as its kind and its user allow. */
export class LostPods {
  readonly #client: KubeClient
  readonly #cluster: PlacementCluster

  constructor(client: KubeClient, cluster: PlacementCluster) {
    this.#client = client
    this.#cluster = cluster
  }

  /** Returns what stands in the way of a heal. `key` is `<kind>/<namespace>/<name>`. */
  async end(
    key: string,
    workload: PlacedWorkload,
    plan: SelectionPlan,
    signal: AbortSignal,
  ): Promise<HealingNote[]> {
    const { losses } = this.#cluster
    const notes: HealingNote[] = []
    if (plan.frozen.size > 0) {
      notes.push(frozenNote([...plan.frozen].sort(), losses.limits.releaseMs / 1000))
    }
    const lost = [...plan.lost, ...losses.gone.keys()].sort()
    for (const node of lost) {
      const pods = [...this.#cluster.pods.on(node).values()].filter(
        (pod) => this.#cluster.workloadOf(pod) === key,
      )
      const keeps = [...plan.result.kept.values()].some((names) => names.includes(node))
      if (pods.length === 0 && !keeps) continue
      const elsewhere = this.#elsewhere(workload, plan, node)
      if (!elsewhere) {
        notes.push(noReplacementNote(node, losses.words(node) ?? ''))
        continue
      }
      const fenced = losses.fenced.has(node)
      notes.push(...(await this.#endOn(node, pods, workload, { elsewhere, fenced, signal })))
    }
    return notes
  }

  async #endOn(
    node: string,
    pods: readonly KnownPod[],
    { kind, selection }: PlacedWorkload,
    { elsewhere, fenced, signal }: Omit<PodRule, 'policy'> & { readonly signal: AbortSignal },
  ): Promise<HealingNote[]> {
    const rule = { policy: selection.onNodeLoss, fenced, elsewhere }
    const decided = pods.map((pod) => {
      const owner = pod.owner?.slice(0, pod.owner.indexOf('/'))
      return { pod, owner, action: podAction({ owner, terminating: pod.terminating }, rule) }
    })
    const due = decided.filter(({ action }) => action === 'delete' || action === 'force')
    await forEachParallel(due, PARALLEL, async ({ pod, action }) => {
      signal.throwIfAborted()
      await this.#delete(pod, action, kind)
    })
    const names = (which: (each: (typeof decided)[number]) => boolean) =>
      decided.filter(which).map(({ pod }) => pod.key.slice(pod.key.indexOf('/') + 1))
    const waiting = names(({ action }) => action === 'wait')
    const jobs = names(({ owner, action }) => owner === 'Job' && action !== 'wait')
    return [
      ...(waiting.length > 0 ? [fencingNote(waiting, node)] : []),
      ...(jobs.length > 0 ? [jobNote(jobs, node)] : []),
    ]
  }

  /** The uid: a pod of the same name that was made meanwhile is another one. */
  async #delete({ key, uid }: KnownPod, action: PodAction, kind: string): Promise<void> {
    const [namespace = '', name = ''] = key.split('/')
    const options = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { uid },
      ...(action === 'force' && { gracePeriodSeconds: 0 }),
    }
    try {
      await this.#client.delete(pathTo('pods', { namespace, name }), options)
      deletedPods.inc({ kind, forced: String(action === 'force') })
    } catch (error) {
      if (!isStatus(error, 404) && !isStatus(error, 409)) throw error
    }
  }

  /** Whether pods of a lost node have another node to go to. */
  #elsewhere(workload: PlacedWorkload, plan: SelectionPlan, lost: string): boolean {
    const { kept, chosen } = plan.result
    if ([...kept.values()].some((names) => names.includes(lost))) return false
    if ([...chosen.values()].some((names) => names.length > 0)) return true
    // A pod that tolerates our taint could be scheduled to the lost node again, and again.
    if (!untoleratedTaint([LOST], workload.demand.tolerations)) return false
    const rows = workload.selection.rows.filter((row) => row.nodes === undefined)
    const { nodes, areas } = this.#cluster
    for (const node of nodes.views.values()) {
      const member = rows.some((row) => factObstacle(row, node, areas.inside) === undefined)
      if (member && !hostEnterObstacle(node, plan.conditions)) return true
    }
    return false
  }
}
