import type { FastifyError, FastifyReply } from 'fastify'
import { renderReview, statusOf } from '../../core/admission/response.ts'
import { parseReview } from '../../core/admission/review.ts'
import { type Denial, deny, fromError, internalCode } from '../../core/admission/verdicts.ts'
import type { App } from './app.ts'
import { requestsTotal } from './metrics.ts'
import type { Log } from './types.ts'

export interface HttpAnswer {
  readonly status: number
  readonly body: object
}

/** What cannot be answered as a review: a metav1.Status under its own HTTP status. */
export function garbage(denial: Denial): HttpAnswer {
  const status = statusOf(denial)
  return { status: status.code, body: { kind: 'Status', apiVersion: 'v1', ...status } }
}

/** Sends `body` as it is: no schema, which would drop what it does not name. */
export function json(reply: FastifyReply, status: number, body: object): FastifyReply {
  return reply.code(status).type('application/json; charset=utf-8').send(JSON.stringify(body))
}

/** Answers what is no request for a hook (404, 413, 415, 400), and, as a last net, our own errors. */
export function installErrorAnswers(app: App, log: Log): void {
  app.setNotFoundHandler((_request, reply) => {
    const { status, body } = garbage(deny(404, 'EDGENET_NOT_FOUND', 'no hook is served here'))
    return json(reply, status, body)
  })
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const hook = request.routeOptions.config.hook ?? ''
    const answer = answerTo(error, request.body)
    const code = answer.denial.code
    requestsTotal.inc({ hook, operation: '', allowed: 'false', code })
    const level = code === internalCode ? 'error' : 'warn'
    log[level]('request failed', { hook, status: answer.status, error })
    return json(reply, answer.status, answer.body)
  })
}

function answerTo(error: FastifyError, body: unknown): HttpAnswer & { readonly denial: Denial } {
  const status = error.statusCode ?? 500
  if (status >= 400 && status < 500) {
    const denial = deny(status, 'EDGENET_REQUEST_UNREADABLE', error.message)
    return { denial, ...garbage(denial) }
  }
  const denial = fromError(error, 'deny') as Denial
  const parsed = parseReview(body)
  const uid = parsed.ok ? parsed.request.uid : parsed.uid
  if (uid === undefined) return { denial, ...garbage(denial) }
  return { denial, status: 200, body: renderReview({ uid }, denial) }
}
