import { LOST_TAINT, type Loss, lostTaint } from '../../core/healing/loss.ts'
import { versionedNode } from '../../core/placement/choice/node-view.ts'
import type { Taint } from '../../core/placement/types.ts'
import { isStatus, type KubeClient } from '../../platform/kube/client.ts'
import { pathTo } from '../../platform/kube/paths.ts'
import type { PlacementCluster } from '../placement/cluster.ts'

/** The node controller writes taints at the same moments as we. */
const ATTEMPTS = 5

/** Writes and takes off our taint, and remembers the answers. A node that is gone is no error. */
export class LostTaints {
  readonly #client: KubeClient
  readonly #cluster: PlacementCluster

  constructor(client: KubeClient, cluster: PlacementCluster) {
    this.#client = client
    this.#cluster = cluster
  }

  /** Makes the taint say this; undefined: takes it off. */
  async write(name: string, loss: Loss | undefined, signal: AbortSignal): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted()
      try {
        await this.#write(name, loss, signal)
        return
      } catch (error) {
        if (isStatus(error, 404)) return this.#cluster.gone(name)
        if (!isStatus(error, 409) || attempt === ATTEMPTS) throw error
      }
    }
  }

  /** Taints are one list for the API server: read, changed, and written unless the node has changed. */
  async #write(name: string, loss: Loss | undefined, signal: AbortSignal): Promise<void> {
    const path = pathTo('nodes', { name })
    const object = await this.#client.get(path, undefined, { signal })
    const { taints = [] } = (object['spec'] ?? {}) as { readonly taints?: readonly Taint[] }
    const others = taints.filter(({ key }) => key !== LOST_TAINT)
    if (loss === undefined && others.length === taints.length) {
      this.#cluster.answered(versionedNode(object))
      return
    }
    const { resourceVersion } = object.metadata
    const spec = { taints: loss === undefined ? others : [...others, lostTaint(loss)] }
    const body = { metadata: { resourceVersion }, spec }
    this.#cluster.answered(
      versionedNode(await this.#client.patch(path, body, 'merge', undefined, { signal })),
    )
  }
}
