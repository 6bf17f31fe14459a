import { readFile } from 'node:fs/promises'
import { log } from '../log.ts'

/** Kubelets renew projected tokens long before their end; a minute is what Kubernetes' clients use. */
const MAX_AGE_MS = 60_000

/** `rejected`: the API server has just refused this token, so it must be obtained anew. */
export type TokenSource = (rejected?: string) => Promise<string>

/**
 * Keeps a token for at most a minute; many callers share one reading. If a later reading fails, the
 * token at hand is used on, unless it was rejected.
 */
export function cachedToken(read: TokenSource, maxAgeMs = MAX_AGE_MS): TokenSource {
  let cached: { readonly token: string; readonly readAt: number } | undefined
  let reading: Promise<string> | undefined

  const refresh = async (rejected: string | undefined): Promise<string> => {
    try {
      const token = await read(rejected)
      cached = { token, readAt: performance.now() }
      return token
    } catch (error) {
      if (cached === undefined || cached.token === rejected) throw error
      log.warn('reading the API token failed, the last one is used on', { error })
      cached = { token: cached.token, readAt: performance.now() }
      return cached.token
    }
  }

  return async (rejected) => {
    const fresh = cached !== undefined && performance.now() - cached.readAt < maxAgeMs
    if (fresh && cached !== undefined && cached.token !== rejected) return cached.token
    reading ??= refresh(rejected).finally(() => {
      reading = undefined
    })
    return reading
  }
}

/** The token in a file that somebody else (the kubelet) renews. Rejects when it is missing or empty. */
export function tokenFromFile(path: string, maxAgeMs = MAX_AGE_MS): TokenSource {
  return cachedToken(async () => {
    const token = (await readFile(path, 'utf8')).trim()
    if (token === '') throw new Error(`the token file ${path} is empty`)
    return token
  }, maxAgeMs)
}
