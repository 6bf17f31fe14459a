import { setTimeout as sleep } from 'node:timers/promises'

export interface UntilOptions {
  /** Deadline. Default 30 s. */
  readonly timeoutMs?: number
  /** Pause between two tries. Default 100 ms. */
  readonly everyMs?: number
  /** What is waited for, for the message: "deployment web to be ready". */
  readonly what: string
}

type Truthy<T> = Exclude<Awaited<T>, undefined | null | false | 0 | ''>

function short(value: unknown): string {
  if (value instanceof Error) return `the last try failed: ${value.message}`
  return `the last answer was ${JSON.stringify(value)?.slice(0, 300) ?? 'undefined'}`
}

/**
 * Calls `check` until its answer is truthy and returns that. A check that throws counts as "not yet".
 * Throws an Error after the deadline, with the last answer in it; it also ends a check that hangs.
 */
export async function until<T>(
  check: () => T | Promise<T>,
  options: UntilOptions,
): Promise<Truthy<T>> {
  const { timeoutMs = 30_000, everyMs = 100, what } = options
  const deadline = Date.now() + timeoutMs
  const done = new AbortController()
  const late = sleep(timeoutMs, undefined, { signal: done.signal }).catch(() => undefined)
  let last: unknown
  const attempt = async () => {
    try {
      last = await check()
      return last
    } catch (error) {
      last = error
      return undefined
    }
  }
  try {
    while (Date.now() < deadline) {
      const value = await Promise.race([attempt(), late])
      if (value) return value as Truthy<T>
      await sleep(Math.min(everyMs, Math.max(0, deadline - Date.now())))
    }
  } finally {
    done.abort()
  }
  throw new Error(`waited ${timeoutMs / 1000} s for ${what}; ${short(last)}`)
}
