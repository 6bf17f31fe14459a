import type { KubeObject } from '../core/admission/types.ts'
import { type GeoArea, geoAreaOf } from '../core/placement/choice/geo-area.ts'
import { isStatus, type KubeClient } from '../platform/kube/client.ts'
import { pathTo } from '../platform/kube/paths.ts'
import { WorkQueue } from '../platform/kube/queue.ts'
import { Reflector } from '../platform/kube/reflector.ts'
import type { PlacementCluster } from './placement/cluster.ts'

interface Stored {
  readonly area: GeoArea | undefined
  readonly problem: string | undefined
  readonly status: GeoAreaStatus | undefined
}

interface GeoAreaStatus {
  readonly observedGeneration: number
  readonly nodes: number
  readonly vertices: number
}

/** Counts are refreshed this often at most: they are information, nothing depends on them. */
const REFRESH_MS = 60_000

/** Writes into the status of each GeoArea how many nodes it has. */
export class GeoAreaController {
  readonly #client: KubeClient
  readonly #cluster: PlacementCluster
  readonly #areas: Reflector<Stored>
  readonly #queue: WorkQueue

  constructor(client: KubeClient, cluster: PlacementCluster) {
    this.#client = client
    this.#cluster = cluster
    this.#queue = new WorkQueue({ name: 'geoareas', handler: (name) => this.#sync(name) })
    this.#areas = new Reflector<Stored>({
      client,
      name: 'geoareas-status',
      path: pathTo('geoareas'),
      project: stored,
      onChange: (name) => this.#queue.add(name),
    })
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#cluster.whenSynced(signal)
    this.#areas.start()
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    await this.#areas.stop()
    await this.#queue.stop()
  }

  async #sync(name: string): Promise<number | undefined> {
    const known = this.#areas.items.get(name)
    if (!known?.area) return undefined
    const { area } = known
    const status = {
      observedGeneration: area.generation,
      nodes: this.#count(name),
      vertices: area.vertices,
    }
    const was = known.status
    const same =
      was?.observedGeneration === status.observedGeneration &&
      was.nodes === status.nodes &&
      was.vertices === status.vertices
    if (!same) await this.#write(name, status)
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

  async #write(name: string, status: GeoAreaStatus): Promise<void> {
    const path = pathTo('geoareas', { name, subresource: 'status' })
    await this.#client.patch(path, { status }, 'merge').catch((error: unknown) => {
      if (!isStatus(error, 404)) throw error
    })
  }
}

/** What was stored before its rule, or past the webhook, is without effect: its nodes have no label. */
function stored(object: KubeObject): Stored {
  const status = object['status'] as GeoAreaStatus | undefined
  try {
    return { area: geoAreaOf(object), problem: undefined, status }
  } catch (error) {
    return { area: undefined, problem: String(error), status }
  }
}
