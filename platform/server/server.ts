import type { AddressInfo } from 'node:net'
import type { FastifyRequest } from 'fastify'
import { budgetMs } from '../../core/admission/deadline.ts'
import type { Hook } from '../../core/admission/hook.ts'
import { renderReview } from '../../core/admission/response.ts'
import { parseReview } from '../../core/admission/review.ts'
import { deny } from '../../core/admission/verdicts.ts'
import { secureApp } from './app.ts'
import { trackConnections } from './connections.ts'
import { decide } from './decide.ts'
import { garbage, type HttpAnswer, installErrorAnswers, json } from './errors.ts'
import { listenAnywhere } from './listen.ts'
import { requestsInFlight, requestsTotal } from './metrics.ts'
import { recordDecision } from './record.ts'
import { defaultSettings, type ServerSettings } from './settings.ts'
import { type CertificateFiles, watchCertificate } from './tls.ts'
import type { DrainableServer, HealthCheck, Log } from './types.ts'

export interface HookServerOptions extends CertificateFiles {
  readonly hooks: readonly Hook[]
  /** All addresses by default. */
  readonly host?: string
  /** A free one by default. */
  readonly port?: number
  /** Secret first part of every path (`/3f9c…`), for clusters that present no client certificate. */
  readonly pathPrefix?: string
  readonly settings?: Partial<ServerSettings>
  readonly log: Log
  /** How often the certificate files are read even without a notification, ms. */
  readonly pollMs?: number
}

export interface HookServer extends DrainableServer {
  readonly port: number
  /** For /readyz: fails when the certificate has expired. */
  readonly checks: readonly HealthCheck[]
}

/**
 * Serves each hook at `POST <prefix>/hooks/<name>`. Rejects when the certificate is unusable or the
 * port taken; throws TypeError for two hooks of one name.
 */
export async function startHookServer(options: HookServerOptions): Promise<HookServer> {
  const { hooks, log } = options
  const settings = { ...defaultSettings, ...options.settings }
  const prefix = options.pathPrefix ?? ''
  checkPaths(hooks, prefix)
  const certificate = await watchCertificate(options, log, options.pollMs)
  const app = secureApp(certificate.pair, settings)
  certificate.onChange((pair) => app.server.setSecureContext(pair))
  const connections = trackConnections(app.server)
  let draining = false

  app.addHook('onSend', async (_request, reply) => {
    if (draining) reply.header('connection', 'close')
  })
  installErrorAnswers(app, log)
  for (const hook of hooks) {
    app.post(
      `${prefix}/hooks/${hook.name}`,
      { config: { hook: hook.name } },
      async (req, reply) => {
        const { status, body } = await answer(hook, req, log)
        return json(reply, status, body)
      },
    )
  }

  try {
    await listenAnywhere(options.host, (host) => app.listen({ host, port: options.port ?? 0 }))
  } catch (error) {
    certificate.close()
    throw error
  }
  const { port } = app.server.address() as AddressInfo
  log.info('hooks served', { port, hooks: hooks.map(({ name }) => name) })

  return {
    port,
    checks: [certificate.check],
    drain() {
      draining = true
    },
    async close() {
      draining = true
      certificate.close()
      const stop = connections.closeWhenQuiet(settings.quietPeriod)
      await app.close().finally(stop)
    },
  }
}

/** One request to one hook. 400 for a body whose uid nobody can read; else 200 with an answer. */
async function answer(hook: Hook, request: FastifyRequest, log: Log): Promise<HttpAnswer> {
  const began = performance.now()
  const parsed = parseReview(request.body)
  if (!parsed.ok) {
    const { code, field, message } = parsed.refusal
    const denial = deny(400, code, message, field)
    log.warn('not an admission review', { hook: hook.name, uid: parsed.uid, field, message })
    requestsTotal.inc({ hook: hook.name, operation: '', allowed: 'false', code })
    if (parsed.uid === undefined) return garbage(denial)
    return { status: 200, body: renderReview({ uid: parsed.uid }, denial) }
  }
  requestsInFlight.inc({ hook: hook.name })
  try {
    const outcome = await decide(hook, parsed.request, budgetMs(timeoutOf(request)))
    recordDecision(log, hook, parsed.request, outcome, performance.now() - began)
    return { status: 200, body: outcome.response }
  } finally {
    requestsInFlight.dec({ hook: hook.name })
  }
}

function timeoutOf(request: FastifyRequest): unknown {
  return (request.query as Readonly<Record<string, unknown>>)['timeout']
}

function checkPaths(hooks: readonly Hook[], prefix: string): void {
  if (!/^(\/[A-Za-z0-9_-]+)*$/.test(prefix)) {
    throw new TypeError('the path prefix must consist of /parts of letters, digits, _ and -')
  }
  const names = new Set<string>()
  for (const { name } of hooks) {
    if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) {
      throw new TypeError(`hook name ${name} is no DNS label`)
    }
    if (names.has(name)) throw new TypeError(`two hooks are named ${name}`)
    names.add(name)
  }
}
