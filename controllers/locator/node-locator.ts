import { setImmediate as nextTurn } from 'node:timers/promises'
import { type NodeFacts, nodeFacts } from '../../core/location/node-facts.ts'
import { conditionPatch, metadataPatch } from '../../core/location/patch.ts'
import { type Settled, settle } from '../../core/location/settle.ts'
import type { KubeClient, PatchType } from '../../platform/kube/client.ts'
import { isStatus } from '../../platform/kube/errors.ts'
import type { EventRecorder } from '../../platform/kube/events.ts'
import { type At, pathTo } from '../../platform/kube/paths.ts'
import type { Databases } from '../database.ts'
import { locatorWrites } from './metrics.ts'

export interface NodeLocatorOptions {
  readonly client: KubeClient
  readonly events: EventRecorder
  /** The watched nodes by name. */
  readonly nodes: ReadonlyMap<string, NodeFacts>
  readonly databases: Databases
}

/** Brings one node at a time to what `settle` says. */
export class NodeLocator {
  readonly #options: NodeLocatorOptions
  /** Nodes as our last write left them, until the watch has caught up: else we would write twice. */
  readonly #written = new Map<string, NodeFacts>()

  constructor(options: NodeLocatorOptions) {
    this.#options = options
  }

  /** Throws when a look-up or a write failed, so that the node's turn comes again. */
  async sync(name: string, signal: AbortSignal): Promise<void> {
    // After a new database thousands of nodes come in a row, mostly with nothing to write.
    await nextTurn()
    const node = this.#latest(name)
    if (!node) return
    const settled = settle(node, { databases: this.#options.databases.current() })
    try {
      await this.#write(node, settled, signal)
    } catch (error) {
      if (!isGone(error)) throw error
    }
    if (settled.failure !== undefined) throw new Error(settled.failure)
  }

  /** Versions seen so far mean nothing any more. */
  rewind(): void {
    this.#written.clear()
  }

  #latest(name: string): NodeFacts | undefined {
    const watched = this.#options.nodes.get(name)
    const written = this.#written.get(name)
    if (watched && written && isNewer(written.resourceVersion, watched.resourceVersion)) {
      return written
    }
    this.#written.delete(name)
    return watched
  }

  async #write(node: NodeFacts, settled: Settled, signal: AbortSignal): Promise<void> {
    const metadata = metadataPatch(node, settled)
    const status = conditionPatch(node, settled.condition, new Date().toISOString())
    if (metadata) await this.#patch({ name: node.name }, metadata, 'merge', signal)
    if (status) {
      await this.#patch({ name: node.name, subresource: 'status' }, status, 'strategic', signal)
    }
    if (metadata || status) this.#tell(node, settled)
  }

  async #patch(at: At, body: object, type: PatchType, signal: AbortSignal): Promise<void> {
    const { client } = this.#options
    const answer = await client.patch(pathTo('nodes', at), body, type, undefined, { signal })
    const node = nodeFacts(answer)
    this.#written.set(node.name, node)
    locatorWrites.inc({ what: at.subresource ?? 'labels' })
  }

  #tell(node: NodeFacts, { condition }: Settled): void {
    const located = condition.status === 'True'
    this.#options.events.record(
      { apiVersion: 'v1', kind: 'Node', name: node.name, uid: node.uid },
      {
        type: located ? 'Normal' : 'Warning',
        reason: located ? 'Located' : condition.reason,
        action: 'Locate',
        note: condition.message,
      },
    )
  }
}

/**
 * Whether a write failed because the node is gone or another one has its name (our patches carry the
 * uid, which is then told to be immutable). The watch tells about either. A conflict says neither: the
 * API server gives one too when others write to the node all the time.
 */
function isGone(error: unknown): boolean {
  if (isStatus(error, 404)) return true
  const causes = isStatus(error, 422) ? (error.details?.causes ?? []) : []
  return causes.some(({ field }) => field === 'metadata.uid')
}

/** Resource versions are decimal numbers of any length that grow (Kubernetes 1.35 and later say so). */
function isNewer(a: string, b: string): boolean {
  return a.length === b.length ? a > b : a.length > b.length
}
