import { ApiError } from '../../platform/kube/client.ts'

/** What the API server answered: `ok`, or the status and sentence of its refusal. */
export type Answer = 'ok' | { readonly status: number; readonly message: string }

/** Turns the outcome of a call into data; anything but an answer of the API server is thrown on. */
export async function verdict(call: Promise<unknown>): Promise<Answer> {
  try {
    await call
    return 'ok'
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return { status: error.status, message: error.message }
  }
}

/** An answer in one word for tables: `ok`, or the policy that refused, or the status. */
export function word(answer: Answer): string {
  if (answer === 'ok') return 'ok'
  const policy = /ValidatingAdmissionPolicy '([^']+)'/.exec(answer.message)?.[1]
  return policy === undefined ? `${answer.status}` : `${policy} ${answer.status}`
}
