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
