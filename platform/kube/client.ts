import { setTimeout as sleep } from 'node:timers/promises'
import type { KubeObject } from '../../core/admission/types.ts'
import type { Connection } from './connection.ts'
import { ApiError, apiError, isStatus, TransportError } from './errors.ts'
import { apiRequests } from './metrics.ts'
import { resourceOf } from './paths.ts'
import { retryDelayMs } from './retry.ts'
import { Scope } from './scope.ts'
import { type Answer, readLines, readText, Transport } from './transport.ts'

export { ApiError, isStatus, TransportError }

export type Query = Readonly<Record<string, string | number | boolean | undefined>>

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  /** For the whole call, retries included. Default: the client's. */
  readonly timeoutMs?: number | undefined
}

export interface StreamOptions {
  readonly signal?: AbortSignal | undefined
  /** Called for the head and for each chunk of the answer. */
  readonly onBytes?: () => void
}

export interface ClientOptions {
  readonly userAgent?: string
  readonly timeoutMs?: number
}

/** One page of a list. Its items carry neither apiVersion nor kind: the API server leaves them out. */
export interface Page<T> {
  readonly items: readonly T[]
  /** Of the whole list: equal in all its pages. */
  readonly resourceVersion: string
}

const PATCH_TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const
export type PatchType = keyof typeof PATCH_TYPES

/** Parsing 500 nodes takes about 27 ms: the longest that a page may hold up the process. */
const PAGE_SIZE = 500

interface Call {
  readonly verb: string
  readonly method: string
  readonly path: string
  readonly query?: Query | undefined
  readonly body?: unknown
  readonly contentType?: string
}

interface ListBody<T> {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string }
  readonly items?: readonly T[] | null
}

function target(path: string, query: Query = {}): string {
  const params = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) params.set(key, String(value))
  }
  const text = params.toString()
  return text === '' ? path : `${path}?${text}`
}

/** A continue token fixes the state; the API server refuses a resourceVersion beside it. */
const resume = (token: string): Query => ({
  continue: token,
  resourceVersion: undefined,
  resourceVersionMatch: undefined,
})

function parse<T>(text: string, request: string): T {
  try {
    return JSON.parse(text) as T
  } catch (error) {
    const start = JSON.stringify(text.slice(0, 120))
    throw new TransportError('EBADJSON', `${request}: the answer is not JSON: ${start}`, error)
  }
}

/**
 * Calls to one API server. Errors: ApiError (the server's answer), TransportError (no answer), or the
 * reason of the caller's signal. Objects are plain JSON: no field is dropped, no date converted.
 */
export class KubeClient {
  readonly #connection: Connection
  readonly #transport: Transport
  readonly #userAgent: string
  readonly #timeoutMs: number
  #closed = false

  constructor(connection: Connection, options: ClientOptions = {}) {
    this.#connection = connection
    this.#transport = new Transport(connection)
    this.#userAgent = options.userAgent ?? 'edgenet'
    this.#timeoutMs = options.timeoutMs ?? 30_000
  }

  get<T = KubeObject>(path: string, query?: Query, options?: CallOptions): Promise<T> {
    return this.#call({ verb: 'get', method: 'GET', path, query }, options)
  }

  create<T = KubeObject>(
    path: string,
    body: unknown,
    query?: Query,
    options?: CallOptions,
  ): Promise<T> {
    return this.#call({ verb: 'create', method: 'POST', path, body, query }, options)
  }

  /** Replaces an object; a resourceVersion in the body makes it optimistic (409 when it has changed). */
  update<T = KubeObject>(
    path: string,
    body: unknown,
    query?: Query,
    options?: CallOptions,
  ): Promise<T> {
    return this.#call({ verb: 'update', method: 'PUT', path, body, query }, options)
  }

  /** `apply` is server-side apply and needs `fieldManager` (and mostly `force`) in the query. */
  patch<T = KubeObject>(
    path: string,
    body: unknown,
    type: PatchType,
    query?: Query,
    options?: CallOptions,
  ): Promise<T> {
    if (type === 'apply' && !query?.['fieldManager']) {
      throw new TypeError('server-side apply needs fieldManager in the query')
    }
    const verb = type === 'apply' ? 'apply' : 'patch'
    const contentType = PATCH_TYPES[type]
    return this.#call({ verb, method: 'PATCH', path, body, query, contentType }, options)
  }

  /** `body` may be DeleteOptions (preconditions, propagationPolicy). */
  delete<T = KubeObject>(
    path: string,
    body?: unknown,
    query?: Query,
    options?: CallOptions,
  ): Promise<T> {
    return this.#call({ verb: 'delete', method: 'DELETE', path, body, query }, options)
  }

  /**
   * A list page by page, all of one state of the cluster. When that state is compacted away between two
   * pages, ApiError 410 is thrown and what was read must be thrown away (`listAll` does).
   */
  async *list<T = KubeObject>(
    path: string,
    query: Query = {},
    options?: CallOptions,
  ): AsyncGenerator<Page<T>, void, undefined> {
    let next: string | undefined
    do {
      const page = { limit: PAGE_SIZE, ...query, ...(next === undefined ? {} : resume(next)) }
      const body = await this.#call<ListBody<T>>(
        { verb: 'list', method: 'GET', path, query: page },
        options,
      )
      next = body.metadata?.continue || undefined
      yield { items: body.items ?? [], resourceVersion: body.metadata?.resourceVersion ?? '' }
    } while (next !== undefined)
  }

  /** All objects of one state of the cluster; starts over when it is compacted away while being read. */
  async listAll<T = KubeObject>(path: string, query?: Query, options?: CallOptions): Promise<T[]> {
    for (let attempt = 0; ; attempt++) {
      const items: T[] = []
      try {
        for await (const page of this.list<T>(path, query, options)) {
          for (const item of page.items) items.push(item)
        }
        return items
      } catch (error) {
        if (!isStatus(error, 410) || attempt >= 2) throw error
      }
    }
  }

  /**
   * The lines of a long answer (a watch, a log) in order; the next bytes are read only when the
   * consumer wants more. Returns on a clean end and throws TransportError on a broken one. The client's
   * time limit counts up to the head of the answer only.
   */
  async *stream(
    path: string,
    query: Query = {},
    options: StreamOptions = {},
  ): AsyncGenerator<string, void, undefined> {
    const scope = new Scope(options.signal, this.#timeoutMs)
    const call = { verb: 'watch', method: 'GET', path, query }
    const request = `watch ${path}`
    let answer: Answer | undefined
    try {
      answer = await this.#authorized(call, scope.signal, true)
      if (answer.status !== 200) throw await this.#failure(answer, request)
      scope.unlimited()
      options.onBytes?.()
      yield* readLines(answer.body, options.onBytes)
    } catch (error) {
      throw scope.explain(error, request)
    } finally {
      scope.end()
      // A consumer that leaves early must not leave the connection behind.
      if (answer !== undefined && !answer.body.complete) answer.body.destroy()
    }
  }

  /**
   * Closes the kept connections that no call uses. For whoever has found one connection dead without
   * a word: the others most likely are too, and each would cost a call its whole time limit.
   */
  dropIdleConnections(): void {
    this.#transport.dropIdle()
  }

  /** Closes all connections; calls under way fail, later ones too. */
  close(): void {
    this.#closed = true
    this.#transport.close()
  }

  async #call<T>(call: Call, options: CallOptions = {}): Promise<T> {
    const scope = new Scope(options.signal, options.timeoutMs ?? this.#timeoutMs)
    try {
      for (let attempt = 0; ; attempt++) {
        try {
          return await this.#attempt<T>(call, scope)
        } catch (error) {
          const delay = retryDelayMs(error, call.method, attempt)
          if (delay === undefined || delay >= scope.remainingMs || scope.signal.aborted) throw error
          await sleep(delay, undefined, { signal: scope.signal }).catch(() => {})
        }
      }
    } finally {
      scope.end()
    }
  }

  async #attempt<T>(call: Call, scope: Scope): Promise<T> {
    const request = `${call.method} ${call.path}`
    try {
      const answer = await this.#authorized(call, scope.signal, false)
      if (answer.status >= 300) throw await this.#failure(answer, request)
      return parse<T>(await readText(answer.body), request)
    } catch (error) {
      const meaning = scope.explain(error, request)
      if (meaning instanceof TransportError && meaning.code === 'ETIMEDOUT') {
        this.dropIdleConnections()
      }
      throw meaning
    }
  }

  async #failure(answer: Answer, request: string): Promise<ApiError> {
    return apiError(answer.status, answer.headers, await readText(answer.body), request)
  }

  /** One exchange with our credentials; on 401 the token is read anew and the request sent once more. */
  async #authorized(call: Call, signal: AbortSignal, long: boolean): Promise<Answer> {
    const { token } = this.#connection
    const current = await this.#token()
    const answer = await this.#exchange(call, signal, long, current)
    if (answer.status !== 401 || token === undefined) return answer
    answer.body.resume()
    return this.#exchange(call, signal, long, await this.#token(current))
  }

  async #token(rejected?: string): Promise<string | undefined> {
    try {
      return await this.#connection.token?.(rejected)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new TransportError('EAUTH', `no credentials for the API server: ${why}`, error)
    }
  }

  async #exchange(
    call: Call,
    signal: AbortSignal,
    long: boolean,
    token: string | undefined,
  ): Promise<Answer> {
    if (this.#closed) throw new TransportError('ECLOSED', 'the client is closed')
    const body = call.body === undefined ? undefined : JSON.stringify(call.body)
    const headers = {
      accept: 'application/json',
      'user-agent': this.#userAgent,
      ...this.#connection.headers,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined
        ? {}
        : {
            'content-type': call.contentType ?? 'application/json',
            'content-length': Buffer.byteLength(body),
          }),
    }
    const labels = { verb: call.verb, resource: resourceOf(call.path) }
    const path = target(call.path, call.query)
    try {
      const exchange = { method: call.method, path, headers, body, signal }
      const answer = await this.#transport.send(exchange, long)
      apiRequests.inc({ ...labels, code: answer.status })
      return answer
    } catch (error) {
      apiRequests.inc({ ...labels, code: 'error' })
      throw error
    }
  }
}
