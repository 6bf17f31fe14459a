import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { Agent, request } from 'node:https'
import type { Connection } from './connection.ts'

/** Probes of an idle TCP connection begin after this time: a dead peer is found by the kernel too. */
const TCP_KEEP_ALIVE_MS = 15_000
/** We close an idle connection before the API server does (Go's usual 90 s), so no request meets a close. */
const IDLE_MS = 60_000
/** Calls beyond this number wait for a free connection. */
const MAX_CALLS = 32

export interface Exchange {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: OutgoingHttpHeaders
  readonly body?: string | undefined
  readonly signal: AbortSignal
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: IncomingMessage
}

/** Kept-alive connections to one API server: bounded for calls, one more for each watch. */
export class Transport {
  readonly #base: URL
  readonly #prefix: string
  readonly #calls: Agent
  readonly #watches: Agent

  /** Throws TypeError when the address is not https: credentials never travel in the clear. */
  constructor(connection: Connection) {
    this.#base = new URL(connection.url)
    if (this.#base.protocol !== 'https:') {
      throw new TypeError(`the API server's address must be https, received ${connection.url}`)
    }
    this.#prefix = this.#base.pathname.replace(/\/+$/, '')
    const options = {
      keepAlive: true,
      keepAliveMsecs: TCP_KEEP_ALIVE_MS,
      scheduling: 'lifo' as const,
      timeout: IDLE_MS,
      rejectUnauthorized: connection.insecure !== true,
      ...(connection.ca === undefined ? {} : { ca: connection.ca }),
      ...(connection.cert === undefined ? {} : { cert: connection.cert }),
      ...(connection.key === undefined ? {} : { key: connection.key }),
      ...(connection.serverName === undefined ? {} : { servername: connection.serverName }),
    }
    this.#calls = new Agent({ ...options, maxSockets: MAX_CALLS })
    this.#watches = new Agent(options)
  }

  /** Resolves when the head of the answer is there; rejects with Node's error. */
  send(exchange: Exchange, long: boolean): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const out = request({
        agent: long ? this.#watches : this.#calls,
        host: this.#base.hostname.replace(/^\[|\]$/g, ''),
        port: this.#base.port || 443,
        method: exchange.method,
        path: this.#prefix + exchange.path,
        headers: exchange.headers,
        signal: exchange.signal,
      })
      out.on('error', reject)
      out.on('response', (body) => {
        // Whoever reads the body gets its error; one that nobody reads must not crash the process.
        body.on('error', () => {})
        resolve({ status: body.statusCode ?? 0, headers: body.headers, body })
      })
      out.end(exchange.body)
    })
  }

  /** Closes the connections that wait for a call; those with one under way stay. */
  dropIdle(): void {
    for (const agent of [this.#calls, this.#watches]) {
      for (const sockets of Object.values(agent.freeSockets)) {
        for (const socket of sockets ?? []) socket.destroy()
      }
    }
  }

  /** Closes every connection; calls that are under way fail. */
  close(): void {
    this.#calls.destroy()
    this.#watches.destroy()
  }
}

/** The whole body as text. */
export async function readText(body: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

/**
 * The lines of a body in order, without their ends. The next chunk is read only when the consumer
 * has taken all lines of the last one. Linear also for a long line in many chunks.
 */
export async function* readLines(
  body: AsyncIterable<Uint8Array>,
  onBytes: () => void = () => {},
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder()
  let parts: string[] = []
  for await (const chunk of body) {
    onBytes()
    const pieces = decoder.decode(chunk, { stream: true }).split('\n')
    const last = pieces.pop() ?? ''
    for (const piece of pieces) {
      parts.push(piece)
      const line = parts.join('')
      parts = []
      if (line !== '') yield line
    }
    if (last !== '') parts.push(last)
  }
  const rest = parts.join('') + decoder.decode()
  if (rest !== '') yield rest
}
