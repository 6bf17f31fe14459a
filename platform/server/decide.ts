import type { Hook } from '../../core/admission/hook.ts'
import { type ReviewResponse, renderReview } from '../../core/admission/response.ts'
import type { AdmissionRequest, Verdict } from '../../core/admission/types.ts'
import { DeadlineExceeded, fromError } from '../../core/admission/verdicts.ts'
import { Refusal } from '../../core/refusal.ts'

export interface Outcome {
  readonly verdict: Verdict
  readonly response: ReviewResponse
  /** What went wrong in the hook, when it was not the user's fault. */
  readonly failure?: unknown
}

/**
 * Asks one hook about one request and renders its answer. Never throws and never takes longer than
 * `budget` ms: a hook that throws, hangs or answers nonsense is answered for by its `onError`.
 */
export async function decide(
  hook: Hook,
  request: AdmissionRequest,
  budget: number,
): Promise<Outcome> {
  try {
    const verdict = await withDeadline(budget, (signal) => hook.decide(request, { signal }))
    // Rendering belongs inside: a patch that cannot be written is the hook's failure as well.
    return { verdict, response: renderReview(request, verdict) }
  } catch (error) {
    const verdict = fromError(error, hook.onError)
    const response = renderReview(request, verdict)
    return error instanceof Refusal
      ? { verdict, response }
      : { verdict, response, failure: error ?? new Error(`threw ${error}`) }
  }
}

/** Runs `work` with a signal that aborts after `ms`, and rejects then even if `work` ignores it. */
async function withDeadline<T>(
  ms: number,
  work: (signal: AbortSignal) => T | Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    const error = new DeadlineExceeded(ms)
    // Before the abort: a hook that rejects because of it must not look like one that failed alone.
    late.reject(error)
    controller.abort(error)
  }, ms)
  try {
    return await Promise.race([work(controller.signal), late.promise])
  } finally {
    clearTimeout(timer)
  }
}
