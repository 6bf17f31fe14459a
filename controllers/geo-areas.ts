import {
  geoAreaStatus,
  type StoredArea,
  storedArea,
} from '../core/placement/choice/geo-area-status.ts'
import { aborted } from '../platform/aborted.ts'
import { isStatus, type KubeClient } from '../platform/kube/client.ts'
import { pathTo } from '../platform/kube/paths.ts'
import { TerminalError, WorkQueue } from '../platform/kube/queue.ts'
import { Reflector } from '../platform/kube/reflector.ts'
import type { PlacementCluster } from './placement/cluster.ts'

/** Counts are looked at this often, and written when they have changed: they are information, nothing depends on them. */
const REFRESH_MS = 5_000

/** Says in the status of each GeoArea whether it can be read, and how many nodes are inside. */
export class GeoAreaController {
  readonly #client: KubeClient
  readonly #cluster: PlacementCluster
  readonly #areas: Reflector<StoredArea>
  readonly #queue: WorkQueue

  constructor(client: KubeClient, cluster: PlacementCluster) {
    this.#client = client
    this.#cluster = cluster
    this.#queue = new WorkQueue({ name: 'geoareas', handler: (name) => this.#sync(name) })
    this.#areas = new Reflector<StoredArea>({
      client,
      name: 'geoareas-status',
      path: pathTo('geoareas'),
      project: storedArea,
      onChange: (name) => this.#queue.add(name),
    })
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#cluster.whenSynced(signal)
    this.#areas.start()
    await aborted(signal)
    await this.#areas.stop()
    await this.#queue.stop()
  }

  async #sync(name: string): Promise<number | undefined> {
    const area = this.#areas.items.get(name)
    if (!area) return undefined
    const status = geoAreaStatus(area, this.#count(name), new Date().toISOString())
    if (status) await this.#write(name, status)
    return REFRESH_MS
  }

  #count(name: string): number {
    const area = { kind: 'named', name } as const
    let nodes = 0
    for (const node of this.#cluster.nodes.views.values()) {
      if (this.#cluster.areas.inside(area, node)) nodes++
    }
    return nodes
  }

  async #write(name: string, status: object): Promise<void> {
    const path = pathTo('geoareas', { name, subresource: 'status' })
    await this.#client.patch(path, { status }, 'merge').catch((error: unknown) => {
      // An area that is older than the rule that its name breaks cannot be written to.
      if (isStatus(error, 422)) throw new TerminalError(error.message)
      if (!isStatus(error, 404)) throw error
    })
  }
}
