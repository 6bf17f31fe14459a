import { LOST_TAINT, type Loss, OUT_OF_SERVICE, recordedLoss } from '../../core/healing/loss.ts'
import type { Signals } from '../../core/healing/verdict.ts'
import { COUNTRY_LABEL } from '../../core/placement/choice/membership.ts'
import type { NodeChange } from '../../core/placement/choice/node-store.ts'
import type { NodeView } from '../../core/placement/types.ts'
import type { PlacementCluster } from '../placement/cluster.ts'
import type { LeaseMonitor } from './lease-monitor.ts'

/** What is remembered of a node beside its object. Times on performance.now(). */
interface Memory {
  ready: Signals['ready']
  readySinceMs: number
  country: string | undefined
  goneSinceMs: number | undefined
}

/** Gathers what is seen of each node for the decision whether it is lost. */
export class WatchedNodes {
  readonly #cluster: PlacementCluster
  readonly #monitor: LeaseMonitor
  readonly #memory = new Map<string, Memory>()

  constructor(cluster: PlacementCluster, monitor: LeaseMonitor) {
    this.#cluster = cluster
    this.#monitor = monitor
  }

  /** Returns whether the change has to do with being lost. */
  note({ before, now }: NodeChange): boolean {
    const name = (now ?? before)?.name ?? ''
    const known = this.#memory.get(name)
    const nowMs = performance.now()
    if (!now) {
      if (known) this.#memory.set(name, { ...known, goneSinceMs: nowMs })
      return true
    }
    const ready = readiness(now)
    const country = now.labels[COUNTRY_LABEL]
    const readySinceMs = known && known.ready === ready ? known.readySinceMs : nowMs
    this.#memory.set(name, { ready, readySinceMs, country, goneSinceMs: undefined })
    return (
      known?.ready !== ready ||
      known.goneSinceMs !== undefined ||
      taintText(before) !== taintText(now)
    )
  }

  signals(name: string): Signals {
    const view = this.#cluster.nodes.views.get(name)
    const { detector } = this.#monitor
    const memory = this.#memory.get(name)
    const nowMs = performance.now()
    return {
      exists: view !== undefined,
      goneSinceMs: memory?.goneSinceMs ?? nowMs,
      ready: view ? readiness(view) : 'Unknown',
      readySinceMs: memory?.readySinceMs ?? nowMs,
      outOfService: view?.taints.some(({ key }) => key === OUT_OF_SERVICE) ?? false,
      leaseOverdue: detector.isOverdue(name),
      leaseSeenMs: detector.lastMs(name),
      awaitsFirstRenewal: detector.awaitsFirstRenewal(name),
      inUse: this.inUse(name),
      recorded: this.recorded(name),
    }
  }

  /** What the node's taint says; undefined: it carries none. */
  recorded(name: string): Loss | undefined {
    return recordedLoss(this.#cluster.nodes.views.get(name)?.taints ?? [])
  }

  inUse(name: string): boolean {
    return this.#cluster.pods.on(name).size > 0 || this.#cluster.nodes.labelCount(name) > 0
  }

  /** Nodes with something to lose that are not ready, whether that has lasted long enough or not. */
  unready(): { name: string; sinceMs: number }[] {
    const found: { name: string; sinceMs: number }[] = []
    for (const [name, { ready, readySinceMs, goneSinceMs }] of this.#memory) {
      if (ready === 'True' || goneSinceMs !== undefined || !this.inUse(name)) continue
      found.push({ name, sinceMs: readySinceMs })
    }
    return found
  }

  countryOf(name: string): string | undefined {
    return this.#memory.get(name)?.country
  }

  forget(name: string): void {
    this.#memory.delete(name)
  }
}

const readiness = ({ ready, notReady }: NodeView): Signals['ready'] =>
  ready ? 'True' : (notReady ?? 'Unknown')

const taintText = (node: NodeView | undefined): string =>
  (node?.taints ?? [])
    .filter(({ key }) => key === LOST_TAINT || key === OUT_OF_SERVICE)
    .map(({ key }) => key)
    .sort()
    .join()
