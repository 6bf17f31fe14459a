import type { Hook } from '../../core/admission/hook.ts'
import type { AdmissionRequest } from '../../core/admission/types.ts'
import type { Outcome } from './decide.ts'
import { errorsTotal, requestSeconds, requestsTotal } from './metrics.ts'
import type { Log } from './types.ts'

/** Counts and logs one decision: one line each, an error line before it when the hook itself failed. */
export function recordDecision(
  log: Log,
  hook: Hook,
  request: AdmissionRequest,
  outcome: Outcome,
  ms: number,
): void {
  const { verdict, failure } = outcome
  const code = verdict.allowed ? '' : verdict.code
  const { operation, uid } = request
  requestsTotal.inc({ hook: hook.name, operation, allowed: String(verdict.allowed), code })
  requestSeconds.observe({ hook: hook.name }, ms / 1000)
  if (failure !== undefined) {
    errorsTotal.inc({ hook: hook.name })
    log.error('hook failed', { uid, hook: hook.name, error: failure })
  }
  log.info('decision', {
    uid,
    hook: hook.name,
    operation,
    kind: request.kind.kind,
    ...(request.subResource && { subResource: request.subResource }),
    ...(request.namespace && { namespace: request.namespace }),
    name: nameOf(request),
    user: request.userInfo.username,
    allowed: verdict.allowed,
    ...(code !== '' && { code }),
    ms: Math.round(ms * 1000) / 1000,
    dryRun: request.dryRun === true,
  })
}

/** Under generateName the request has no name yet. */
function nameOf(request: AdmissionRequest): string {
  return request.name || (request.object?.metadata.generateName ?? '')
}
