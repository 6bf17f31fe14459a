import { Refusal } from '../refusal.ts'
import type { Hook } from './hook.ts'
import type { PatchOp, Verdict } from './types.ts'

export type Denial = Extract<Verdict, { allowed: false }>
export type Allowance = Extract<Verdict, { allowed: true }>

/** An unexpected error in a hook. */
export const internalCode = 'EDGENET_INTERNAL'
/** A hook did not decide in time. */
export const timeoutCode = 'EDGENET_TIMEOUT'

/** Lets the request through, changed by `patch`, with `warnings` for the user. */
export function allow(patch: readonly PatchOp[] = [], warnings: readonly string[] = []): Allowance {
  return {
    allowed: true,
    ...(patch.length > 0 && { patch }),
    ...(warnings.length > 0 && { warnings }),
  }
}

/**
 * Refuses the request. `status`: 403 for a guard, 422 for bad input, 409 conflict, 429 when it may
 * pass later. `field`: path of the field at fault.
 */
export function deny(status: number, code: string, message: string, field?: string): Denial {
  return { allowed: false, status, code, message, ...(field !== undefined && { field }) }
}

/** Thrown for a hook that did not decide within its budget. */
export class DeadlineExceeded extends Error {
  constructor(budgetMs: number) {
    super(`no decision within ${Math.round(budgetMs)} ms`)
    this.name = 'DeadlineExceeded'
  }
}

/**
 * What a thrown error means: a Refusal is 422; anything else is our fault, so a guard (`deny`)
 * refuses, and an adviser (`allow`) lets the request through with a warning. The user is told no
 * internals; they are in the log, under the request's uid.
 */
export function fromError(error: unknown, onError: Hook['onError'] = 'deny'): Verdict {
  if (error instanceof Refusal) return deny(422, error.code, error.message, error.field)
  const late = error instanceof DeadlineExceeded
  const code = late ? timeoutCode : internalCode
  const what = late
    ? 'EdgeNet did not decide about this object in time'
    : 'EdgeNet met an internal error while it looked at this object'
  if (onError === 'allow') return allow([], [`${what}; it was accepted unchecked [${code}]`])
  return deny(
    late ? 504 : 500,
    code,
    `${what}; try again, and tell an administrator if it persists`,
  )
}
