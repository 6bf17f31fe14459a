import type { NodeStore, VersionedNode } from '../../core/placement/choice/node-store.ts'
import { versionedNode } from '../../core/placement/choice/node-view.ts'
import type { NodeView } from '../../core/placement/types.ts'
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

export interface NodeLabelsOptions {
  readonly nodes: NodeStore
  /** Sets (text) or takes off (null) labels of a node; undefined: there is no such node. */
  patch(
    node: string,
    labels: Readonly<Record<string, string | null>>,
    signal: AbortSignal | undefined,
  ): Promise<VersionedNode | undefined>
  /** The answer to a write, with the node as it was when the write was decided. */
  answered(node: VersionedNode, before: NodeView | undefined): void
  /** A write found no such node. */
  gone(node: string): void
}

/** Writes placement labels, one request per node, and tells of the answers. */
export class NodeLabels {
  readonly #options: NodeLabelsOptions
  readonly #batches: LabelBatches
  /** Nodes as they were when the first wish that waits for them was decided. */
  readonly #decidedOn = new Map<string, NodeView>()
  /** Of the latest wish; all come from one queue. */
  #signal: AbortSignal | undefined

  constructor(options: NodeLabelsOptions) {
    this.#options = options
    this.#batches = new LabelBatches({
      parallel: PARALLEL_WRITES,
      send: (node, keys) => this.#send(node, keys),
    })
  }

  /** Whether a node carries a label, or will when what is under way has been written. */
  expects({ name, labels }: NodeView, key: string): boolean {
    return this.#batches.wish(name, key) ?? Object.hasOwn(labels, key)
  }

  /**
   * All nodes are tried; the first error is thrown after the last one ended. A node that is gone is an
   * error only for those who would have it.
   */
  async write(changes: LabelChanges, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    this.#signal = signal
    const writes: Promise<void>[] = []
    for (const [node, keys] of changes) {
      if (this.#batches.concerns(node) || this.#differing(node, keys).length > 0)
        writes.push(this.#add(node, keys))
    }
    const ends = await Promise.allSettled(writes)
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }

  #add(node: string, keys: ReadonlyMap<string, boolean>): Promise<void> {
    const view = this.#options.nodes.views.get(node)
    if (view && !this.#decidedOn.has(node)) this.#decidedOn.set(node, view)
    return this.#batches.add(node, keys)
  }

  #differing(node: string, keys: ReadonlyMap<string, boolean>): [key: string, present: boolean][] {
    const labels = this.#options.nodes.views.get(node)?.labels
    if (!labels) return []
    return [...keys].filter(([key, present]) => Object.hasOwn(labels, key) !== present)
  }

  async #send(node: string, keys: Keys): Promise<void> {
    const before = this.#decidedOn.get(node)
    this.#decidedOn.delete(node)
    this.#signal?.throwIfAborted()
    // What came before may have done it already.
    const differing = this.#differing(node, keys)
    if (differing.length === 0) return
    const labels = Object.fromEntries(differing.map(([key, on]) => [key, on ? PRESENT : null]))
    const answer = await this.#options.patch(node, labels, this.#signal)
    if (answer) {
      labelWrites.inc()
      this.#options.answered(answer, before)
      return
    }
    this.#options.gone(node)
    if (differing.some(([, on]) => on)) throw new Error(`node ${node} is gone`)
  }
}

/** The `patch` of NodeLabels by way of the API server. */
export const patchLabels =
  (client: KubeClient): NodeLabelsOptions['patch'] =>
  async (name, labels, signal) => {
    const path = pathTo('nodes', { name })
    try {
      const body = { metadata: { labels } }
      return versionedNode(await client.patch(path, body, 'merge', undefined, { signal }))
    } catch (error) {
      if (isStatus(error, 404)) return undefined
      throw error
    }
  }
