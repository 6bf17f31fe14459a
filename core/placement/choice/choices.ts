import { RESTRICTED } from '../labels.ts'
import type { NodeView, Resources } from '../types.ts'
import type { NodeUsage } from './node-usage.ts'

const CHOICE = `${RESTRICTED}use-`

export const isChoiceLabel = (key: string): boolean => key.startsWith(CHOICE)

/** What the workload of a choice asks for. */
export interface ChoiceDemand {
  /** Of one of its pods. */
  readonly requests: Resources
  /** How many pods it runs at a time; undefined: one on each node. */
  readonly pods?: number | undefined
}

/** What the pods of choices have taken of nodes, and what they will take. */
export class Choices {
  /** Choice label -> node -> number of its pods there. */
  readonly #pods = new Map<string, Map<string, number>>()
  readonly #demands = new Map<string, ChoiceDemand>()
  /** Choice label -> number of its pods that have no node yet. */
  readonly #waiting = new Map<string, number>()
  readonly #fresh = new Set<string>()

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

  /** Undefined: the choice label belongs to no workload any more. */
  demand(label: string, demand: ChoiceDemand | undefined): void {
    if (demand) this.#demands.set(label, demand)
    else this.#demands.delete(label)
  }

  /** Counts a pod without a node that carries choice labels: it came (1), got one or is gone (-1). */
  wait(labels: readonly string[], change: 1 | -1): void {
    for (const label of labels) {
      const pods = (this.#waiting.get(label) ?? 0) + change
      if (pods > 0) this.#waiting.set(label, pods)
      else this.#waiting.delete(label)
    }
  }

  /** Whether nodes were chosen for a label a moment ago: its pods may be on their way, unseen. */
  setFresh(label: string, fresh: boolean): void {
    if (fresh) this.#fresh.add(label)
    else this.#fresh.delete(label)
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
   * of the node whose pod is about to come, so that workloads made at once do not fill one node twice.
   * `labelled`: the nodes of a choice.
   */
  free(
    node: NodeView,
    usage: NodeUsage,
    labelled: (label: string) => ReadonlySet<string>,
  ): Resources {
    const left: Record<string, number> = { ...node.allocatable }
    const take = (name: string, amount: number) => {
      left[name] = (left[name] ?? 0) - amount
    }
    for (const [name, amount] of Object.entries(usage.used(node.name))) take(name, amount)
    for (const label of Object.keys(node.labels)) {
      const demand = isChoiceLabel(label) ? this.#demands.get(label) : undefined
      if (!demand || !this.#isAwaited(label, node.name, labelled)) continue
      take('pods', 1)
      for (const [name, amount] of Object.entries(demand.requests)) take(name, amount)
    }
    return left
  }

  /**
   * Whether room is kept on a node for a pod of a choice. No more is kept than there are pods to come:
   * a workload that runs none, or whose pods its quota forbids, must not take room from everybody else.
   */
  #isAwaited(
    label: string,
    node: string,
    labelled: (label: string) => ReadonlySet<string>,
  ): boolean {
    const coming = this.#coming(label)
    if (coming === 0 || this.hasPods(label, node)) return false
    let before = 0
    for (const other of labelled(label)) {
      if (other < node && !this.hasPods(label, other)) before++
    }
    return before < coming
  }

  #coming(label: string): number {
    const waiting = this.#waiting.get(label) ?? 0
    if (!this.#fresh.has(label)) return waiting
    const wanted = this.#demands.get(label)?.pods ?? Number.POSITIVE_INFINITY
    let bound = 0
    for (const pods of this.#pods.get(label)?.values() ?? []) bound += pods
    return Math.max(waiting, wanted - bound)
  }
}
