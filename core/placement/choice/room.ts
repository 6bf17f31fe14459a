import type { NodeView, Resources } from '../types.ts'
import type { Choices } from './choices.ts'
import type { NodeStore } from './node-store.ts'
import type { NodeUsage } from './node-usage.ts'

/** What is left on each node, remembered until something changes: it is asked for very often. */
export class Room {
  readonly #choices: Choices
  readonly #usage: NodeUsage
  readonly #nodes: NodeStore
  readonly #known = new Map<string, { readonly node: NodeView; readonly free: Resources }>()

  constructor(choices: Choices, usage: NodeUsage, nodes: NodeStore) {
    this.#choices = choices
    this.#usage = usage
    this.#nodes = nodes
  }

  readonly #labelled = (label: string) => this.#nodes.labelled(label)

  /** See Choices.free. */
  free(node: NodeView): Resources {
    const known = this.#known.get(node.name)
    if (known?.node === node) return known.free
    const free = this.#choices.free(node, this.#usage, this.#labelled)
    this.#known.set(node.name, { node, free })
    return free
  }

  /** A node is gone, or pods have come to it or left it. */
  forget(node: string): void {
    this.#known.delete(node)
  }

  /** Another amount is kept free for the pods of a choice. */
  forgetChoice(label: string): void {
    for (const node of this.#nodes.labelled(label)) this.#known.delete(node)
  }
}
