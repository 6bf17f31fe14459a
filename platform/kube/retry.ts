import { ApiError, TransportError } from './errors.ts'

/** Attempts after the first one. The call's time limit mostly ends them before. */
const MAX_RETRIES = 4
/** When the server asks for patience it is well: it deserves more of it. */
const MAX_THROTTLED = 10
/** A connection that died before the answer; the request may or may not have been carried out. */
const DEAD_CONNECTION = new Set(['ECONNRESET', 'EPIPE'])

/**
 * How long to wait before another attempt, in milliseconds; undefined: give up. A refusal with 429 was
 * not carried out, so every verb is safe to repeat; after a dead connection only a read is.
 */
export function retryDelayMs(error: unknown, method: string, attempt: number): number | undefined {
  const read = method === 'GET'
  if (error instanceof ApiError) {
    const throttled = error.status === 429 && attempt < MAX_THROTTLED
    const welcome = throttled || (read && error.status >= 500 && attempt < MAX_RETRIES)
    // Half a second of jitter: those who were refused together shall not come back together.
    if (welcome && error.retryAfterSeconds !== undefined) {
      return error.retryAfterSeconds * 1000 + Math.random() * 500
    }
    return undefined
  }
  const dead = error instanceof TransportError && DEAD_CONNECTION.has(error.code)
  if (read && dead && attempt < MAX_RETRIES) {
    return attempt === 0 ? 0 : Math.random() * 100 * 2 ** attempt
  }
  return undefined
}
