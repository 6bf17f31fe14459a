/** Labels that come due within this time of each other are taken off together, ms. */
const TOGETHER_MS = 200

/** The placement labels that nothing refers to any more, and when they are to be taken off. */
export class ReleasedLabels {
  readonly #keptMs: number
  /** Label -> due time on performance.now(). */
  readonly #due = new Map<string, number>()

  /** `keptMs`: how long a label is kept after its release. */
  constructor(keptMs: number) {
    this.#keptMs = keptMs
  }

  /** Begins the time of a label anew. */
  note(label: string): void {
    this.#due.set(label, performance.now() + this.#keptMs)
  }

  /** The labels to look at now, each of which is named once. */
  take(): string[] {
    const until = performance.now() + TOGETHER_MS
    const taken = [...this.#due].filter(([, due]) => due <= until).map(([label]) => label)
    for (const label of taken) this.#due.delete(label)
    return taken
  }

  /** When to look again, in ms; undefined: nothing waits. */
  get restMs(): number | undefined {
    if (this.#due.size === 0) return undefined
    let first = Number.POSITIVE_INFINITY
    for (const due of this.#due.values()) first = Math.min(first, due)
    return Math.max(0, first - performance.now())
  }
}
