export interface BackoffOptions {
  readonly minMs: number
  readonly maxMs: number
}

/**
 * Exponential back-off with full jitter: many clients that failed together come back spread over the
 * whole interval.
 */
export class Backoff {
  readonly #minMs: number
  readonly #maxMs: number
  #failures = 0

  constructor(options: BackoffOptions) {
    this.#minMs = options.minMs
    this.#maxMs = options.maxMs
  }

  /** Failures since the last success. */
  get failures(): number {
    return this.#failures
  }

  /** The wait after one more failure, in milliseconds; never shorter than what the server asked for. */
  next(retryAfterSeconds = 0): number {
    const ceiling = Math.min(this.#maxMs, this.#minMs * 2 ** this.#failures)
    this.#failures++
    return Math.max(retryAfterSeconds * 1000, Math.random() * ceiling)
  }

  reset(): void {
    this.#failures = 0
  }
}
