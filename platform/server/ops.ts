import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { collectDefaultMetrics } from 'prom-client'
import { registry } from '../metrics.ts'
import { trackConnections } from './connections.ts'
import { listenAnywhere } from './listen.ts'
import type { HealthCheck, Log } from './types.ts'

export interface OpsServerOptions {
  readonly host?: string
  readonly port?: number
  /** Conditions of /readyz. */
  readonly checks: readonly HealthCheck[]
  /** Conditions of /livez; a restart must be able to mend them. Usually none: answering is enough. */
  readonly liveness?: readonly HealthCheck[]
  readonly log: Log
}

export interface OpsServer {
  readonly port: number
  close(): Promise<void>
}

/** Serves /livez, /readyz and /metrics over plain HTTP, so that probes need no certificates. */
export async function startOpsServer(options: OpsServerOptions): Promise<OpsServer> {
  collectProcessMetrics()
  const server = createServer((request, response) => {
    const path = request.url?.split('?', 1)[0]
    if (path === '/livez') return health(response, 'livez', options.liveness ?? [])
    if (path === '/readyz') return health(response, 'readyz', options.checks)
    if (path === '/metrics') return void metrics(response, options.log)
    send(response, 404, 'served here: /livez, /readyz, /metrics\n')
  })
  const connections = trackConnections(server)
  await listenAnywhere(
    options.host,
    (host) =>
      new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(options.port ?? 0, host, () => {
          server.off('error', reject)
          resolve()
        })
      }),
  )
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const stop = connections.closeWhenQuiet(0)
      await new Promise((resolve) => server.close(resolve)).finally(stop)
    },
  }
}

/** The text that Kubernetes' own components answer with `?verbose`. */
function health(response: ServerResponse, name: string, checks: readonly HealthCheck[]): void {
  const found = checks.map((check) => ({ name: check.name, why: reasonOf(check) }))
  const lines = found.map((check) =>
    check.why === undefined ? `[+]${check.name} ok` : `[-]${check.name} failed: ${check.why}`,
  )
  const good = found.every(({ why }) => why === undefined)
  const body = ['[+]ping ok', ...lines, `${name} check ${good ? 'passed' : 'failed'}`, '']
  send(response, good ? 200 : 503, body.join('\n'))
}

function reasonOf(check: HealthCheck): string | undefined {
  try {
    return check.why()
  } catch (error) {
    return `the check itself failed: ${error}`
  }
}

async function metrics(response: ServerResponse, log: Log): Promise<void> {
  try {
    send(response, 200, await registry.metrics(), registry.contentType)
  } catch (error) {
    log.error('metrics failed', { error })
    send(response, 500, 'metrics failed, see the log\n')
  }
}

function send(response: ServerResponse, status: number, body: string, type = 'text/plain'): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
}

/** CPU, memory, garbage collection and event loop delay; once per process. */
function collectProcessMetrics(): void {
  if (registry.getSingleMetric('nodejs_eventloop_lag_seconds') !== undefined) return
  collectDefaultMetrics({ register: registry })
}
