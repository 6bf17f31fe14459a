interface Deadline {
  readonly atMs: number
  readonly name: string
}

/** Names by the time at which they are due, the earliest first: a binary heap. A name may be in it twice. */
export class Deadlines {
  readonly #heap: Deadline[] = []

  /** When the earliest is due; undefined: nothing is in it. */
  get nextMs(): number | undefined {
    return this.#heap[0]?.atMs
  }

  push(name: string, atMs: number): void {
    const heap = this.#heap
    let at = heap.push({ atMs, name }) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (this.#at(parent) <= atMs) break
      this.#swap(at, parent)
      at = parent
    }
  }

  /** Takes out the earliest if it is due; undefined: none is. */
  pop(nowMs: number): string | undefined {
    const first = this.#heap[0]
    if (!first || first.atMs > nowMs) return undefined
    const last = this.#heap.pop() as Deadline
    if (this.#heap.length > 0) {
      this.#heap[0] = last
      this.#sink()
    }
    return first.name
  }

  #sink(): void {
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      const child = this.#at(left + 1) < this.#at(left) ? left + 1 : left
      if (this.#at(child) >= this.#at(at)) return
      this.#swap(at, child)
      at = child
    }
  }

  /** Beyond the end: never due. */
  #at(index: number): number {
    return this.#heap[index]?.atMs ?? Number.POSITIVE_INFINITY
  }

  #swap(a: number, b: number): void {
    const heap = this.#heap
    const held = heap[a] as Deadline
    heap[a] = heap[b] as Deadline
    heap[b] = held
  }
}
