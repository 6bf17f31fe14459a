import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { get } from 'node:http'
import { Agent, type AgentOptions, type RequestOptions, request } from 'node:https'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import type { Test } from 'tap'
import type { Hook } from '../../../core/admission/hook.ts'
import type { ReviewResponse } from '../../../core/admission/response.ts'
import { allow } from '../../../core/admission/verdicts.ts'
import { type HookServerOptions, startHookServer } from '../../../platform/server/server.ts'
import type { Log } from '../../../platform/server/types.ts'

export interface Made {
  readonly certFile: string
  readonly keyFile: string
}

export interface CertificateWish {
  readonly name: string
  readonly serial?: number
  /** Negative: expired already. */
  readonly days?: number
  readonly signedBy?: Made
  /** Parses, but TLS will not have it: an RSA key of 512 bits. */
  readonly weak?: boolean
  /** May sign others. */
  readonly authority?: boolean
}

/** Makes an ECDSA pair for localhost in `directory`, self-signed unless an issuer is given. */
export function makeCertificate(directory: string, wish: CertificateWish): Made {
  const { name, serial = 1, days = 2, signedBy, authority = false, weak = false } = wish
  mkdirSync(directory, { recursive: true })
  const certFile = join(directory, `${name}.crt`)
  const keyFile = join(directory, `${name}.key`)
  const csr = join(directory, `${name}.csr`)
  openssl(
    ...['req', '-new', '-nodes', '-newkey'],
    ...(weak ? ['rsa:512'] : ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']),
    ...['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
    ...['-addext', `basicConstraints=critical,CA:${authority ? 'TRUE' : 'FALSE'}`],
    ...['-keyout', keyFile, '-out', csr],
  )
  openssl(
    ...['x509', '-req', '-in', csr, '-days', String(days), '-set_serial', String(serial)],
    ...['-copy_extensions', 'copy', '-out', certFile],
    ...(signedBy ? ['-CA', signedBy.certFile, '-CAkey', signedBy.keyFile] : ['-signkey', keyFile]),
  )
  return { certFile, keyFile }
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' })
}

export interface Line {
  readonly level: string
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

export function memoryLog(): { log: Log; lines: Line[] } {
  const lines: Line[] = []
  const at =
    (level: string) =>
    (message: string, fields = {}) =>
      void lines.push({ level, message, fields })
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  return { log, lines }
}

export const uid = '705ab4f5-6393-11e8-b7cc-42010a800002'

/** A review as the API server sends it, with `request` over the usual fields. */
export function review(request: object = {}): object {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid,
      kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
      resource: { group: 'apps', version: 'v1', resource: 'deployments' },
      operation: 'CREATE',
      name: 'web',
      namespace: 'default',
      userInfo: { username: 'ann', groups: ['system:authenticated'] },
      object: { metadata: { name: 'web' } },
      oldObject: null,
      ...request,
    },
  }
}

/** A guard that allows everything unless told otherwise. */
export function hook(name: string, decide: Hook['decide'] = () => allow(), more = {}): Hook {
  return {
    name,
    type: 'validating',
    rules: [],
    skipSystemNamespaces: true,
    failurePolicy: 'Fail',
    sideEffects: 'None',
    timeoutSeconds: 10,
    onError: 'deny',
    decide,
    ...more,
  }
}

export interface Answer {
  readonly status: number
  readonly text: string
  readonly headers: IncomingMessage['headers']
  /** Of the certificate that the server showed on this connection. */
  readonly serial: string
  /** The local port: which connection was used. */
  readonly connection: number
}

export interface Client {
  post(path: string, body: string | Buffer | object, options?: RequestOptions): Promise<Answer>
  close(): void
}

/** A keep-alive client that trusts the given certificates. */
export function client(port: number, trusted: readonly Made[], options: AgentOptions = {}): Client {
  const ca = trusted.map(({ certFile }) => readFileSync(certFile))
  // Like Go's clients, resumes no sessions, so that every connection shows a certificate.
  const agent = new Agent({ keepAlive: true, maxCachedSessions: 0, ca, ...options })
  return {
    close: () => agent.destroy(),
    async post(path, body, more = {}) {
      const text = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
      const { promise, resolve, reject } = Promise.withResolvers<Answer>()
      const headers = { 'content-type': 'application/json', ...more.headers }
      const sent = request({
        host: 'localhost',
        port,
        path,
        agent,
        method: 'POST',
        ...more,
        headers,
      })
      sent.on('error', reject).on('response', (response) => {
        const socket = sent.socket as TLSSocket
        const serial = socket.getPeerCertificate().serialNumber
        const connection = socket.localPort ?? 0
        collect(response).then((text) => {
          const { statusCode: status = 0, headers } = response
          resolve({ status, text, headers, serial, connection })
        }, reject)
      })
      sent.end(text)
      return promise
    },
  }
}

/** A hook server and its client, for one test. */
export async function startFor(t: Test, made: Made, options: Partial<HookServerOptions>) {
  const { log, lines } = memoryLog()
  const settings = { quietPeriod: 50 }
  const hooks = [hook('guard')]
  const server = await startHookServer({
    ...made,
    hooks,
    host: '127.0.0.1',
    log,
    settings,
    ...options,
  })
  const { post, close } = client(server.port, [made])
  t.teardown(async () => {
    close()
    await server.close()
  })
  return { server, lines, log, post }
}

/** One plain HTTP request; status 0 when nobody answers. */
export function plainGet(port: number, path: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve) => {
    get({ port, host: '127.0.0.1', path, agent: false }, (response) => {
      const { statusCode: status = 0 } = response
      collect(response).then(
        (text) => resolve({ status, text }),
        () => resolve({ status: 0, text: '' }),
      )
    }).on('error', () => resolve({ status: 0, text: '' }))
  })
}

async function collect(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  return text
}

/** The response part of a review; throws when the answer is none. */
export function responseOf(answer: Answer): ReviewResponse['response'] {
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`)
  return (JSON.parse(answer.text) as ReviewResponse).response
}

/** Repeats `attempt` until it returns something other than undefined; rejects after 10 s. */
export async function until<T>(attempt: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const end = performance.now() + 10_000
  while (performance.now() < end) {
    const found = await attempt()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`not within 10 s: ${attempt}`)
}
