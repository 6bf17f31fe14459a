import type { Clock } from '../../../platform/kube/queue-state.ts'

interface Timer {
  readonly at: number
  readonly run: () => void
}

/** Time that moves only when a test says so. */
export class ManualClock implements Clock {
  #now = 0
  readonly #timers = new Set<Timer>()

  now(): number {
    return this.#now
  }

  setTimeout(run: () => void, ms: number): Timer {
    const timer = { at: this.#now + ms, run }
    this.#timers.add(timer)
    return timer
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as Timer)
  }

  /** Pending timers. */
  get pending(): number {
    return this.#timers.size
  }

  /** Moves on, running what falls due, in order. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (let next = this.#first(end); next !== undefined; next = this.#first(end)) {
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.run()
    }
    this.#now = end
  }

  #first(end: number): Timer | undefined {
    const due = [...this.#timers].filter((timer) => timer.at <= end)
    return due.sort((a, b) => a.at - b.at)[0]
  }
}

/** Lets promises and immediates that are ready run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}
