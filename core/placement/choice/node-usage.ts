import type { Resources } from '../types.ts'

/** What one pod takes from the node that it is bound to. */
export interface PodUsage {
  readonly node: string
  readonly requests: Resources
}

/** Sum of the requests of the pods on each node, kept as pods come and go. */
export class NodeUsage {
  readonly #pods = new Map<string, PodUsage>()
  readonly #used = new Map<string, Record<string, number>>()

  /** Sets what a pod uses; undefined: it is gone, finished or not bound. */
  set(pod: string, usage: PodUsage | undefined): void {
    const before = this.#pods.get(pod)
    if (before) this.#add(before, -1)
    if (usage) {
      this.#pods.set(pod, usage)
      this.#add(usage, 1)
    } else this.#pods.delete(pod)
  }

  /** Amounts in use on a node; `pods` counts the pods. */
  used(node: string): Resources {
    return this.#used.get(node) ?? {}
  }

  /** How many nodes have pods. */
  get nodes(): number {
    return this.#used.size
  }

  #add({ node, requests }: PodUsage, sign: 1 | -1): void {
    const sums = this.#used.get(node) ?? {}
    sums['pods'] = (sums['pods'] ?? 0) + sign
    for (const [name, amount] of Object.entries(requests)) {
      sums[name] = (sums[name] ?? 0) + sign * amount
    }
    if (sums['pods'] === 0) this.#used.delete(node)
    else this.#used.set(node, sums)
  }
}
