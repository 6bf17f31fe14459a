import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DrainableServer, HealthCheck, Log } from './types.ts'

/** Readiness that ends: give `check` to the ops server. */
export interface Draining {
  readonly check: HealthCheck
  begin(): void
}

export function createDraining(): Draining {
  let begun = false
  return {
    check: { name: 'shutdown', why: () => (begun ? 'draining' : undefined) },
    begin() {
      begun = true
    },
  }
}

export interface ServeOptions {
  readonly servers: readonly DrainableServer[]
  readonly draining: Draining
  /** Closed last, so that readiness can be seen failing. */
  readonly ops: { close(): Promise<void> }
  readonly log: Log
  /** Seconds between failing readiness and closing: endpoints and API servers need to notice. */
  readonly drainSeconds?: number
}

/**
 * Serves until `signal` aborts, then takes the servers out of service: readiness fails, requests are
 * answered for `drainSeconds` (5) with `Connection: close`, then nothing new is accepted and what is
 * under way finishes.
 */
export async function serveUntil(signal: AbortSignal, options: ServeOptions): Promise<void> {
  const { servers, draining, ops, log } = options
  const seconds = options.drainSeconds ?? 5
  if (!signal.aborted) await once(signal, 'abort')
  log.info('draining', { seconds })
  draining.begin()
  for (const server of servers) server.drain()
  await sleep(seconds * 1000)
  await Promise.all(servers.map((server) => server.close()))
  await ops.close()
  log.info('drained')
}
