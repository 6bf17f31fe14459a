import type { MassLimits, Missing } from '../../core/healing/guards.ts'
import { type Loss, lossWords, recordedLoss } from '../../core/healing/loss.ts'
import type { NodeStore } from '../../core/placement/choice/node-store.ts'

const NONE: ReadonlySet<string> = new Set()

/**
 * Which nodes are lost, as selections see it. What is stored decides: the taint of a node that exists.
 * The rest is what the healing controller of this process knows.
 */
export class Losses {
  readonly #nodes: NodeStore
  /** Nodes that are gone with their pods still there. */
  readonly gone = new Map<string, Loss>()
  /** Lost nodes of which it is proven that nothing runs there. */
  fenced: ReadonlySet<string> = NONE
  /** All nodes that cannot be seen to be alive, acted upon or not; on the clock of `nowMs`. */
  missing: () => readonly Missing[] = () => []
  heldDown: () => ReadonlySet<string> = () => NONE
  limits: MassLimits = { windowMs: 0, releaseMs: 0 }

  constructor(nodes: NodeStore) {
    this.#nodes = nodes
  }

  /** Names of the lost nodes that exist. */
  get lost(): ReadonlySet<string> {
    return this.#nodes.lost
  }

  /** Why a node is lost; undefined: it is not. */
  why(node: string): Loss | undefined {
    const gone = this.gone.get(node)
    if (gone) return gone
    if (!this.#nodes.lost.has(node)) return undefined
    return recordedLoss(this.#nodes.views.get(node)?.taints ?? [])
  }

  /** The same in words. */
  readonly words = (node: string): string | undefined => {
    const loss = this.why(node)
    return loss && lossWords(loss)
  }
}
