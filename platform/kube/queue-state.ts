/** First in, first out, in constant time. */
export class Fifo {
  #items: string[] = []
  #head = 0

  get size(): number {
    return this.#items.length - this.#head
  }

  push(item: string): void {
    this.#items.push(item)
  }

  shift(): string | undefined {
    if (this.size === 0) return undefined
    const item = this.#items[this.#head++]
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }
}

/** Lanes take turns, each first in, first out: a long one does not keep back what is in the others. */
export class Lanes {
  readonly #laneOf: (item: string) => string
  /** Those that hold something, the next one first. */
  readonly #lanes = new Map<string, Fifo>()
  #size = 0

  constructor(laneOf: (item: string) => string = () => '') {
    this.#laneOf = laneOf
  }

  get size(): number {
    return this.#size
  }

  push(item: string): void {
    const name = this.#laneOf(item)
    const lane = this.#lanes.get(name) ?? new Fifo()
    lane.push(item)
    this.#lanes.set(name, lane)
    this.#size++
  }

  shift(): string | undefined {
    const [next] = this.#lanes
    if (next === undefined) return undefined
    const [name, lane] = next
    this.#lanes.delete(name)
    const item = lane.shift()
    if (lane.size > 0) this.#lanes.set(name, lane)
    this.#size--
    return item
  }
}

/** What a queue needs of time. */
export interface Clock {
  /** Monotonic, in milliseconds. */
  now(): number
  setTimeout(run: () => void, ms: number): unknown
  clearTimeout(timer: unknown): void
}

export const realClock: Clock = {
  now: () => performance.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
}
