import { RESTRICTED } from '../labels.ts'
import type { NodeView, Resources } from '../types.ts'
import type { NodeUsage } from './node-usage.ts'

const CHOICE = `${RESTRICTED}use-`

export const isChoiceLabel = (key: string): boolean => key.startsWith(CHOICE)

/** What the pods of choices have taken of nodes, and what they will take. */
export class Choices {
  /** Choice label -> node -> number of its pods there. */
  readonly #pods = new Map<string, Map<string, number>>()
  readonly #requests = new Map<string, Resources>()

  /** Counts a pod that carries choice labels onto (1) or off (-1) a node. */
  count(labels: readonly string[], node: string, change: 1 | -1): void {
    for (const label of labels) {
      const nodes = this.#pods.get(label) ?? new Map<string, number>()
      const pods = (nodes.get(node) ?? 0) + change
      if (pods > 0) nodes.set(node, pods)
      else nodes.delete(node)
      if (nodes.size > 0) this.#pods.set(label, nodes)
      else this.#pods.delete(label)
    }
  }

  /** What one pod of the workload that owns a choice label asks for; undefined: it has no owner any more. */
  demand(label: string, requests: Resources | undefined): void {
    if (requests) this.#requests.set(label, requests)
    else this.#requests.delete(label)
  }

  /** Whether a node has pods of a choice. */
  hasPods(label: string, node: string): boolean {
    return (this.#pods.get(label)?.get(node) ?? 0) > 0
  }

  /** Pods by node, of any of the labels. */
  podsOn(labels: readonly string[]): Map<string, number> {
    const sums = new Map<string, number>()
    for (const label of labels) {
      for (const [node, pods] of this.#pods.get(label) ?? []) {
        sums.set(node, (sums.get(node) ?? 0) + pods)
      }
    }
    return sums
  }

  /**
   * What is left on a node: its allocatable, less what its pods ask for, less one pod for each choice
   * of the node whose pod has not come yet, so that workloads made at once do not fill one node twice.
   */
  free(node: NodeView, usage: NodeUsage): Resources {
    const left: Record<string, number> = { ...node.allocatable }
    const take = (name: string, amount: number) => {
      left[name] = (left[name] ?? 0) - amount
    }
    for (const [name, amount] of Object.entries(usage.used(node.name))) take(name, amount)
    for (const label of Object.keys(node.labels)) {
      const requests = isChoiceLabel(label) ? this.#requests.get(label) : undefined
      if (!requests || this.hasPods(label, node.name)) continue
      take('pods', 1)
      for (const [name, amount] of Object.entries(requests)) take(name, amount)
    }
    return left
  }
}
