/**
 * Calls `onSilence` once when `touch` has not been called for `limitMs`. A half-open TCP connection
 * raises no error by itself: silence is all there is to see.
 */
export class Watchdog {
  readonly #limitMs: number
  readonly #onSilence: () => void
  #timer: NodeJS.Timeout
  #lastMs = performance.now()

  constructor(limitMs: number, onSilence: () => void) {
    this.#limitMs = limitMs
    this.#onSilence = onSilence
    this.#timer = setTimeout(this.#look, limitMs)
  }

  touch(): void {
    this.#lastMs = performance.now()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  // Timers run before sockets are read: after a pause of the whole process, bytes may be waiting in
  // the kernel. So the sockets get one turn before silence is believed.
  readonly #look = (): void => {
    const rest = this.#remainingMs()
    if (rest > 0) this.#timer = setTimeout(this.#look, rest)
    else this.#timer = setTimeout(this.#believe, 1)
  }

  readonly #believe = (): void => {
    if (this.#remainingMs() > 0) this.#look()
    else this.#onSilence()
  }

  #remainingMs(): number {
    return this.#lastMs + this.#limitMs - performance.now()
  }
}
