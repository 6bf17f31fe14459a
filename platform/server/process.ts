import { unhandledRejections } from './metrics.ts'
import type { Log } from './types.ts'

export interface ProcessOptions {
  readonly log: Log
  /** Seconds from the signal to a hard exit: 2 less than the 30 s that Kubernetes grants. */
  readonly hardLimitSeconds?: number
}

/**
 * Runs a process' `main` and exits when it settles: 0 when it resolves, 1 when it rejects, on an
 * uncaught exception, or when it has not ended in time after a signal. Its signal aborts on the
 * first SIGTERM or SIGINT; a second one exits at once.
 */
export async function runProcess(
  main: (signal: AbortSignal) => Promise<void>,
  options: ProcessOptions,
): Promise<never> {
  const { log, hardLimitSeconds = 28 } = options
  const stop = new AbortController()

  function onSignal(name: NodeJS.Signals): void {
    if (stop.signal.aborted) {
      log.warn('second signal, exit at once', { signal: name })
      process.exit(1)
    }
    log.info('signal received', { signal: name })
    setTimeout(() => {
      log.error('not ended in time, exit', { seconds: hardLimitSeconds })
      process.exit(1)
    }, hardLimitSeconds * 1000)
    stop.abort()
  }
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal)
  process.on('unhandledRejection', (error) => {
    unhandledRejections.inc()
    log.error('unhandled rejection', { error })
  })
  process.on('uncaughtException', (error) => {
    // The process' state is unknown after this: leave, and be started anew.
    log.error('uncaught exception', { error })
    process.exit(1)
  })

  // A promise alone does not keep Node alive; without this a waiting main would end with code 13.
  const alive = setInterval(() => {}, 2 ** 30)
  try {
    await main(stop.signal)
    process.exit(0)
  } catch (error) {
    log.error('failed', { error })
    process.exit(1)
  } finally {
    clearInterval(alive)
  }
}
