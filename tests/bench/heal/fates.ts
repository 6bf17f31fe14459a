import type { V1Node } from '@kubernetes/client-node'
import { LOST_TAINT } from '../../../core/healing/loss.ts'
import { RESTRICTED } from '../../../core/placement/labels.ts'
import type { KubeClient } from '../../../platform/kube/client.ts'
import { pathTo } from '../../../platform/kube/paths.ts'
import { Reflector } from '../../../platform/kube/reflector.ts'

interface Fate {
  readonly lost: boolean
  /** For how many rows it is chosen. */
  readonly places: number
}

const CHOSEN = `${RESTRICTED}use-`

/** What becomes of nodes, with the time (performance.now()) at which it was seen first. */
export class Fates {
  readonly lostAt = new Map<string, number>()
  /** When a node had no place any more. */
  readonly freeAt = new Map<string, number>()
  readonly #nodes: Reflector<Fate>

  constructor(client: KubeClient) {
    this.#nodes = new Reflector<Fate>({
      client,
      name: 'bench-fates',
      path: pathTo('nodes'),
      project: (object) => {
        const { metadata, spec } = object as unknown as V1Node
        const keys = Object.keys(metadata?.labels ?? {})
        return {
          lost: spec?.taints?.some(({ key }) => key === LOST_TAINT) ?? false,
          places: keys.filter((key) => key.startsWith(CHOSEN)).length,
        }
      },
      onChange: (name, now, before) => {
        if (now?.lost && !before?.lost) this.lostAt.set(name, performance.now())
        if (now?.places === 0 && before?.places) this.freeAt.set(name, performance.now())
      },
    })
  }

  async start(): Promise<void> {
    this.#nodes.start()
    await this.#nodes.whenSynced()
  }

  stop(): Promise<void> {
    return this.#nodes.stop()
  }

  names(): string[] {
    return [...this.#nodes.items.keys()]
  }

  /** Nodes with a place, in the order of their names. */
  chosen(): string[] {
    return this.names()
      .filter((name) => this.places(name) > 0)
      .sort()
  }

  places(name: string): number {
    return this.#nodes.items.get(name)?.places ?? 0
  }
}
