import type { NodeStore } from '../../core/placement/choice/node-store.ts'
import { versionedNode } from '../../core/placement/choice/node-view.ts'
import { isStatus, type KubeClient } from '../../platform/kube/client.ts'
import { pathTo } from '../../platform/kube/paths.ts'
import { type Keys, LabelBatches } from './label-batches.ts'
import { labelWrites } from './metrics.ts'

/** 1,000 labels took 1.5 to 2.8 s with 20 at a time on two cores; more brought nothing. */
const PARALLEL_WRITES = 20

/** `Exists` is what affinity asks; the value says nothing. */
const PRESENT = 'true'

/** Label keys to set (true) or to take off (false), by node. */
export type LabelChanges = Map<string, Map<string, boolean>>

export function change(changes: LabelChanges, node: string, key: string, present: boolean): void {
  const keys = changes.get(node) ?? new Map<string, boolean>()
  keys.set(key, present)
  changes.set(node, keys)
}

/** Writes placement labels, one PATCH per node, and remembers the answers. A node that is gone is no error. */
export class NodeLabels {
  readonly #client: KubeClient
  readonly #nodes: NodeStore
  readonly #batches: LabelBatches

  constructor(client: KubeClient, nodes: NodeStore) {
    this.#client = client
    this.#nodes = nodes
    this.#batches = new LabelBatches({
      parallel: PARALLEL_WRITES,
      send: (node, keys) => this.#send(node, keys),
    })
  }

  /** All nodes are tried; the first error is thrown after the last one ended. */
  async write(changes: LabelChanges, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const writes: Promise<void>[] = []
    for (const [node, keys] of changes) {
      if (this.#batches.concerns(node) || this.#differing(node, keys).length > 0)
        writes.push(this.#batches.add(node, keys))
    }
    const ends = await Promise.allSettled(writes)
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }

  #differing(node: string, keys: ReadonlyMap<string, boolean>): [key: string, present: boolean][] {
    const labels = this.#nodes.views.get(node)?.labels
    if (!labels) return []
    return [...keys].filter(([key, present]) => Object.hasOwn(labels, key) !== present)
  }

  async #send(node: string, keys: Keys): Promise<void> {
    // What came before may have done it already.
    const differing = this.#differing(node, keys)
    if (differing.length === 0) return
    const labels = Object.fromEntries(differing.map(([key, on]) => [key, on ? PRESENT : null]))
    try {
      const path = pathTo('nodes', { name: node })
      const object = await this.#client.patch(path, { metadata: { labels } }, 'merge')
      labelWrites.inc()
      this.#nodes.set(versionedNode(object))
    } catch (error) {
      if (!isStatus(error, 404)) throw error
      this.#nodes.delete(node)
    }
  }
}
