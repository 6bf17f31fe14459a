/** Counts how many holders each key has; a holder's keys are replaced as a whole. */
export class HolderIndex {
  readonly #keysOf = new Map<string, readonly string[]>()
  readonly #counts = new Map<string, number>()

  /** Sets the keys that a holder holds (none: the holder is gone); returns the keys that lost their last holder. */
  set(holder: string, keys: readonly string[]): string[] {
    const before = this.#keysOf.get(holder) ?? []
    if (keys.length === 0) this.#keysOf.delete(holder)
    else this.#keysOf.set(holder, keys)
    for (const key of keys) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
    const released: string[] = []
    for (const key of before) {
      const count = (this.#counts.get(key) ?? 1) - 1
      if (count > 0) this.#counts.set(key, count)
      else if (this.#counts.delete(key)) released.push(key)
    }
    return released
  }

  has(key: string): boolean {
    return this.#counts.has(key)
  }

  keys(): IterableIterator<string> {
    return this.#counts.keys()
  }
}
