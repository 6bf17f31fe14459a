/** A process as the real entries are, for the tests of its end: `child.ts MODE CERT KEY`. */
import { setTimeout as sleep } from 'node:timers/promises'
import { allow } from '../../../core/admission/verdicts.ts'
import { createDraining, serveUntil } from '../../../platform/server/drain.ts'
import { startOpsServer } from '../../../platform/server/ops.ts'
import { runProcess } from '../../../platform/server/process.ts'
import { startHookServer } from '../../../platform/server/server.ts'
import type { Log } from '../../../platform/server/types.ts'
import { hook } from './support.ts'

const [mode = '', certFile = '', keyFile = ''] = process.argv.slice(2)

const log: Log = { debug: print, info: print, warn: print, error: print }

function print(message: string, fields: object = {}): void {
  const plain = (_key: string, value: unknown) => (value instanceof Error ? value.message : value)
  if (message !== 'decision') console.log(JSON.stringify({ message, ...fields }, plain))
}

async function serve(signal: AbortSignal): Promise<void> {
  const draining = createDraining()
  const hooks = [
    hook('guard', () => sleep(5, allow())),
    hook('slow', () => sleep(3500, allow())),
    hook('fling', () => {
      setImmediate(() => {
        throw new Error('flung')
      })
      return allow()
    }),
    hook('forget', () => {
      void Promise.reject(new Error('forgotten'))
      return allow()
    }),
  ]
  const server = await startHookServer({ certFile, keyFile, hooks, log })
  const checks = [...server.checks, draining.check]
  const ops = await startOpsServer({ checks, log })
  print('started', { hooksPort: server.port, opsPort: ops.port })
  await serveUntil(signal, { servers: [server], draining, ops, log, drainSeconds: 2 })
}

async function main(signal: AbortSignal): Promise<void> {
  if (mode === 'reject') throw new Error('no start')
  if (mode === 'serve') return serve(signal)
  print('started')
  if (mode === 'wait') await new Promise((resolve) => signal.addEventListener('abort', resolve))
  if (mode === 'hang') await new Promise(() => {})
}

await runProcess(main, { log, hardLimitSeconds: mode === 'hang' ? 0.5 : 20 })
