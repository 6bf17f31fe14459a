/** Label keys of one node to set (true) or to take off (false). */
export type Keys = Map<string, boolean>

interface Batch {
  readonly keys: Keys
  readonly ended: PromiseWithResolvers<void>
}

export interface BatchesOptions {
  /** Nodes written at a time. */
  readonly parallel: number
  send(node: string, keys: Keys): Promise<void>
}

/**
 * Gathers what several workloads and areas want of one node: a node is written by one request at a
 * time, and what is asked for in the same turn of the event loop or while it waits goes together. Of
 * two wishes for one key the later one counts.
 */
export class LabelBatches {
  readonly #options: BatchesOptions
  /** In the order of the first wish. */
  readonly #waiting = new Map<string, Batch>()
  readonly #busy = new Map<string, Keys>()
  #pumpPlanned = false

  constructor(options: BatchesOptions) {
    this.#options = options
  }

  /** Whether something is under way that will change a node. */
  concerns(node: string): boolean {
    return this.#busy.has(node) || this.#waiting.has(node)
  }

  /** What was wished for a key of a node last and is not written yet; undefined: nothing. */
  wish(node: string, key: string): boolean | undefined {
    return this.#waiting.get(node)?.keys.get(key) ?? this.#busy.get(node)?.get(key)
  }

  /** Settles as the request does that the wish was sent with. */
  add(node: string, keys: ReadonlyMap<string, boolean>): Promise<void> {
    const batch = this.#waiting.get(node) ?? this.#open(node)
    for (const [key, present] of keys) batch.keys.set(key, present)
    return batch.ended.promise
  }

  #open(node: string): Batch {
    const batch = { keys: new Map(), ended: Promise.withResolvers<void>() }
    this.#waiting.set(node, batch)
    if (!this.#pumpPlanned) {
      this.#pumpPlanned = true
      setImmediate(() => {
        this.#pumpPlanned = false
        this.#pump()
      })
    }
    return batch
  }

  #pump(): void {
    for (const [node, batch] of this.#waiting) {
      if (this.#busy.size >= this.#options.parallel) return
      if (!this.#busy.has(node)) this.#begin(node, batch)
    }
  }

  #begin(node: string, { keys, ended }: Batch): void {
    this.#waiting.delete(node)
    this.#busy.set(node, keys)
    this.#options
      .send(node, keys)
      .finally(() => {
        this.#busy.delete(node)
        this.#pump()
      })
      .then(ended.resolve, ended.reject)
  }
}
