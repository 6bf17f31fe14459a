import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs'

/** One request that the API server has answered. */
export interface AuditEvent {
  readonly user: string
  /** get, list, watch, create, update, patch, delete, deletecollection. */
  readonly verb: string
  /** Plural, without its group; empty for paths that are no objects. */
  readonly resource: string
  readonly group: string
  readonly subresource: string
  readonly namespace: string
  /** Of the object; empty for creations under generateName. */
  readonly name: string
  /** HTTP status of the answer. */
  readonly code: number
  readonly uri: string
  readonly dryRun: boolean
  readonly userAgent: string
  /** When the request arrived, RFC 3339 with microseconds. */
  readonly at: string
  readonly annotations: Readonly<Record<string, string>>
}

/** A place in the log; only good for `since` of the same bed. */
export type AuditPosition = number

/**
 * Everything is recorded once, when it is answered (a watch: when it begins), but for probes and the
 * leases of nodes: those are most of the requests and concern nobody.
 */
export const AUDIT_POLICY = JSON.stringify({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  omitManagedFields: true,
  rules: [
    { level: 'None', nonResourceURLs: ['/healthz*', '/livez*', '/readyz*'] },
    {
      level: 'None',
      namespaces: ['kube-node-lease'],
      resources: [{ group: 'coordination.k8s.io', resources: ['leases'] }],
    },
    { level: 'Metadata' },
  ],
})

/** The fields of audit.k8s.io/v1 Event that are read. */
interface RawEvent {
  readonly stage: string
  readonly verb: string
  readonly requestURI: string
  readonly userAgent?: string
  readonly requestReceivedTimestamp: string
  readonly user: { readonly username?: string }
  readonly responseStatus?: { readonly code?: number }
  readonly annotations?: Readonly<Record<string, string>>
  readonly objectRef?: {
    readonly apiGroup?: string
    readonly resource?: string
    readonly subresource?: string
    readonly namespace?: string
    readonly name?: string
  }
}

function toEvent(raw: RawEvent): AuditEvent {
  const ref = raw.objectRef ?? {}
  return {
    user: raw.user.username ?? '',
    verb: raw.verb,
    resource: ref.resource ?? '',
    group: ref.apiGroup ?? '',
    subresource: ref.subresource ?? '',
    namespace: ref.namespace ?? '',
    name: ref.name ?? '',
    code: raw.responseStatus?.code ?? 0,
    uri: raw.requestURI,
    dryRun: /[?&]dryRun=/.test(raw.requestURI),
    userAgent: raw.userAgent ?? '',
    at: raw.requestReceivedTimestamp,
    annotations: raw.annotations ?? {},
  }
}

/** A watch is reported at its begin and at its end: the end is left out. */
const isEcho = (raw: RawEvent): boolean => raw.verb === 'watch' && raw.stage === 'ResponseComplete'

/** The bytes of a file from `start` to `end`, by default its end. */
function readFrom(file: string, start: number, end?: number): Buffer {
  const fd = openSync(file, 'r')
  try {
    const buffer = Buffer.alloc(Math.max(0, (end ?? fstatSync(fd).size) - start))
    const length = readSync(fd, buffer, 0, buffer.length, start)
    return buffer.subarray(0, length)
  } finally {
    closeSync(fd)
  }
}

/**
 * The API server's audit log. An event is written just after its answer was sent: a test that expects
 * one polls, and a test that expects none makes a request of its own and waits for that.
 */
export class AuditLog {
  readonly #file: string

  constructor(file: string) {
    this.#file = file
  }

  /** The end of the log now, behind its last whole line. */
  mark(): AuditPosition {
    if (!existsSync(this.#file)) return 0
    const { size } = statSync(this.#file)
    for (let back = 4096; ; back *= 4) {
      const start = Math.max(0, size - back)
      const line = readFrom(this.#file, start, size).lastIndexOf('\n')
      if (line >= 0 || start === 0) return start + line + 1
    }
  }

  /** All whole events behind a position, in the order of their answers. */
  since(position: AuditPosition): AuditEvent[] {
    if (!existsSync(this.#file)) return []
    const lines = readFrom(this.#file, position).toString('utf8').split('\n')
    // The last piece is empty, or a line that is being written.
    lines.pop()
    const events = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as RawEvent)
    return events.filter((raw) => !isEcho(raw)).map(toEvent)
  }
}
