const unitMs: ReadonlyMap<string, number> = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['µs', 1e-3],
  ['μs', 1e-3],
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
])

/** A hook that needs longer holds up its user too long, whatever its configuration allows. */
export const longestMs = 10_000
/** Time left for the answer to be written, sent and read before the API server gives up. */
const marginMs = 500

/** Milliseconds of a duration in Go's notation (`10s`, `1m0s`, `9.5s`); undefined if it is none. */
export function parseGoDuration(text: string): number | undefined {
  if (text === '' || text.length > 64) return undefined
  const part = /(\d{1,12}(?:\.\d{1,12})?)(ns|us|µs|μs|ms|s|m|h)/y
  let total = 0
  while (part.lastIndex < text.length) {
    const match = part.exec(text)
    if (match === null) return undefined
    total += Number(match[1]) * (unitMs.get(match[2] ?? '') ?? 0)
  }
  return total
}

/**
 * Milliseconds that a hook may take, given the `timeout` parameter with which the API server calls
 * it. Unreadable or absent: as if 10 s. At least half of what was given, for timeouts under 1 s.
 */
export function budgetMs(timeout: unknown): number {
  const parsed = typeof timeout === 'string' ? parseGoDuration(timeout) : undefined
  const given = Math.min(parsed !== undefined && parsed > 0 ? parsed : longestMs, longestMs)
  return Math.max(given - marginMs, given / 2)
}
