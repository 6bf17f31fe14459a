import type { IncomingHttpHeaders } from 'node:http'

/** The parts of Kubernetes' Status that are read. */
export interface StatusBody {
  readonly reason?: string
  readonly message?: string
  readonly code?: number
  readonly details?: {
    readonly name?: string
    readonly group?: string
    readonly kind?: string
    readonly causes?: readonly {
      readonly reason?: string
      readonly message?: string
      readonly field?: string
    }[]
    readonly retryAfterSeconds?: number
  }
}

/** The API server answered with an error. `message` is the server's own sentence. */
export class ApiError extends Error {
  readonly status: number
  /** Machine-readable: NotFound, Conflict, AlreadyExists, Expired …; empty if the server gave none. */
  readonly reason: string
  readonly details: StatusBody['details'] | undefined
  readonly retryAfterSeconds: number | undefined
  /** Verb and path, for logs. */
  readonly request: string

  constructor(status: number, body: StatusBody, request: string, retryAfterSeconds?: number) {
    super(body.message || `${request}: HTTP ${status}`)
    this.name = 'ApiError'
    this.status = status
    this.reason = body.reason ?? ''
    this.details = body.details
    this.retryAfterSeconds = retryAfterSeconds ?? body.details?.retryAfterSeconds
    this.request = request
  }
}

/**
 * No usable answer came. `code` is Node's (ECONNREFUSED, ECONNRESET …) or ETIMEDOUT (our own time
 * limit), EAUTH (no credentials), EBADJSON (the answer is not JSON), ECLOSED (the client was closed).
 */
export class TransportError extends Error {
  readonly code: string

  constructor(code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'TransportError'
    this.code = code
  }
}

/** Whether an error is the API server's answer with this status. */
export function isStatus(error: unknown, status: number): error is ApiError {
  return error instanceof ApiError && error.status === status
}

/** Whether nothing can be made in a namespace any more, since it is being deleted. */
export function isTerminating(error: unknown): boolean {
  if (!isStatus(error, 403)) return false
  return error.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') ?? false
}

/** Seconds until a retry is welcome. The API server only sends the number form of Retry-After. */
function retryAfter(headers: IncomingHttpHeaders): number | undefined {
  const seconds = Number(headers['retry-after'])
  return headers['retry-after'] !== undefined && seconds >= 0 ? seconds : undefined
}

/** Reads an error answer: a Status object from the API server, any text from a proxy before it. */
export function apiError(
  status: number,
  headers: IncomingHttpHeaders,
  text: string,
  request: string,
): ApiError {
  let body: StatusBody
  try {
    const parsed: unknown = JSON.parse(text)
    body = typeof parsed === 'object' && parsed !== null ? parsed : {}
  } catch {
    body = text === '' ? {} : { message: `${request}: HTTP ${status}: ${text.slice(0, 500)}` }
  }
  return new ApiError(status, body, request, retryAfter(headers))
}
