import { ApiError, TransportError } from './errors.ts'

/** Attempts after the first one, whatever the reason. */
const MAX_RETRIES = 4
/** A connection that died before the answer; the request may or may not have been carried out. */
const DEAD_CONNECTION = new Set(['ECONNRESET', 'EPIPE'])

/**
 * How long to wait before another attempt, in milliseconds; undefined: give up. A refusal with 429 was
 * not carried out, so every verb is safe to repeat; after a dead connection only a read is.
 */
export function retryDelayMs(error: unknown, method: string, attempt: number): number | undefined {
  if (attempt >= MAX_RETRIES) return undefined
  const read = method === 'GET'
  if (error instanceof ApiError) {
    const welcome = error.status === 429 || (read && error.status >= 500)
    // Half a second of jitter: those who were refused together shall not come back together.
    if (welcome && error.retryAfterSeconds !== undefined) {
      return error.retryAfterSeconds * 1000 + Math.random() * 500
    }
    return undefined
  }
  if (read && error instanceof TransportError && DEAD_CONNECTION.has(error.code)) {
    return attempt === 0 ? 0 : Math.random() * 100 * 2 ** attempt
  }
  return undefined
}
