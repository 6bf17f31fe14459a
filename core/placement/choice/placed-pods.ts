import type { Observed, PlacedPod } from '../observed.ts'

export interface KnownPod extends PlacedPod {
  /** `<namespace>/<name>`. */
  readonly key: string
  /** Its controller: `<kind>/<namespace>/<name>`; undefined: a bare pod. */
  readonly owner: string | undefined
}

const NONE: ReadonlyMap<string, KnownPod> = new Map()

/** The pods of placed workloads by node, and which object made which. Keys of objects are `<kind>/<namespace>/<name>`. */
export class PlacedPods {
  readonly #nodes = new Map<string, Map<string, KnownPod>>()
  readonly #pods = new Map<string, KnownPod>()
  /** Owners of ReplicaSets and Jobs, which are owners of pods. */
  readonly #owners = new Map<string, string>()

  /** Takes in what is known of an object; undefined: it is gone. Returns the pod as it is now or last was. */
  set(object: string, now: Observed | undefined): KnownPod | undefined {
    if (!object.startsWith('Pod/')) {
      if (now?.owner === undefined) this.#owners.delete(object)
      else this.#owners.set(object, now.owner)
      return undefined
    }
    const key = object.slice('Pod/'.length)
    const before = this.#pods.get(key)
    if (before) this.#remove(before)
    if (!now?.pod) return before
    const pod = { ...now.pod, key, owner: now.owner }
    this.#pods.set(key, pod)
    const there = this.#nodes.get(pod.node) ?? new Map<string, KnownPod>()
    this.#nodes.set(pod.node, there.set(key, pod))
    return pod
  }

  on(node: string): ReadonlyMap<string, KnownPod> {
    return this.#nodes.get(node) ?? NONE
  }

  /** Names of the nodes with such pods. */
  nodes(): IterableIterator<string> {
    return this.#nodes.keys()
  }

  /** The key of the workload that a pod belongs to: the first of its owners (or itself) that `isPlaced`. */
  workloadOf({ key, owner }: KnownPod, isPlaced: (object: string) => boolean): string | undefined {
    const own = `Pod/${key}`
    if (owner === undefined) return isPlaced(own) ? own : undefined
    if (isPlaced(owner)) return owner
    const above = this.#owners.get(owner)
    return above !== undefined && isPlaced(above) ? above : undefined
  }

  #remove({ key, node }: KnownPod): void {
    this.#pods.delete(key)
    const there = this.#nodes.get(node)
    there?.delete(key)
    if (there?.size === 0) this.#nodes.delete(node)
  }
}
