import { TransportError } from './errors.ts'

/**
 * The time limit of one call together with its caller's signal. (Not AbortSignal.any: that keeps
 * every derived signal registered on a long-lived source.) Call `end` in a `finally`.
 */
export class Scope {
  readonly #controller = new AbortController()
  readonly #outer: AbortSignal | undefined
  readonly #timeoutMs: number
  readonly #endsAt: number
  readonly #onAbort = (): void => this.#controller.abort()
  #timer: NodeJS.Timeout | undefined

  constructor(outer: AbortSignal | undefined, timeoutMs: number) {
    this.#outer = outer
    this.#timeoutMs = timeoutMs
    this.#endsAt = performance.now() + timeoutMs
    if (outer?.aborted) this.#onAbort()
    else outer?.addEventListener('abort', this.#onAbort, { once: true })
    this.#timer = setTimeout(this.#onAbort, timeoutMs)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get remainingMs(): number {
    return this.#endsAt - performance.now()
  }

  /** Drops the time limit but keeps the caller's signal: the head of a stream has come. */
  unlimited(): void {
    clearTimeout(this.#timer)
  }

  /** What an error of this call means: the caller's own abort, our time limit, or the connection. */
  explain(error: unknown, request: string): unknown {
    if (this.#outer?.aborted) return this.#outer.reason
    if (this.signal.aborted) {
      return new TransportError(
        'ETIMEDOUT',
        `${request}: no answer in ${this.#timeoutMs} ms`,
        error,
      )
    }
    if (error instanceof Error && 'code' in error && error.name !== 'TransportError') {
      return new TransportError(String(error.code), `${request}: ${error.message}`, error)
    }
    return error
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#outer?.removeEventListener('abort', this.#onAbort)
  }
}
