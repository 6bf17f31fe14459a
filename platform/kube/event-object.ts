import { randomBytes } from 'node:crypto'

/** What an event is about. */
export interface Regarding {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace?: string | undefined
  readonly name: string
  readonly uid: string
}

export interface EventText {
  readonly type: 'Normal' | 'Warning'
  /** UpperCamelCase, for machines: why. At most 128 characters. */
  readonly reason: string
  /** UpperCamelCase, for machines: what was done. At most 128 characters. */
  readonly action: string
  /** A sentence for people. Cut to 1 kB. */
  readonly note: string
}

export interface Reporter {
  /** Qualified name, `edge-net.io/placement`. */
  readonly controller: string
  /** This process. */
  readonly instance: string
}

/** The API server refuses longer notes. Bytes of UTF-8. */
const MAX_NOTE = 1024

/** Cut at a character's border, so that what is left is valid UTF-8. */
export function cutNote(note: string, max = MAX_NOTE): string {
  const bytes = Buffer.from(note, 'utf8')
  if (bytes.length <= max) return bytes.toString('utf8')
  const mark = '…'
  let end = max - Buffer.byteLength(mark)
  // 10xxxxxx: in the middle of a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return bytes.subarray(0, end).toString('utf8') + mark
}

/** Events of cluster-wide objects live in `default`; the API server insists on it. */
export const eventNamespace = (regarding: Regarding): string => regarding.namespace ?? 'default'

/** Equal for events that are one series. */
export function seriesKey(regarding: Regarding, text: EventText): string {
  const { apiVersion, kind, namespace = '', name, uid } = regarding
  return JSON.stringify([apiVersion, kind, namespace, name, uid, text.type, text.reason, text.note])
}

/** An events.k8s.io/v1 Event of one occurrence. `time` is a MicroTime. */
export function eventObject(
  regarding: Regarding,
  text: EventText,
  reporter: Reporter,
  time: string,
): Record<string, unknown> & { metadata: { name: string; namespace: string } } {
  // Names of RBAC objects may hold characters that an event's name may not.
  const slug = regarding.name.toLowerCase().replaceAll(/[^a-z0-9.-]+/g, '-')
  const base = slug.slice(0, 200).replaceAll(/^[.-]+|[.-]+$/g, '') || 'event'
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: {
      name: `${base}.${randomBytes(8).toString('hex')}`,
      namespace: eventNamespace(regarding),
    },
    eventTime: time,
    type: text.type,
    reason: text.reason.slice(0, 128),
    action: text.action.slice(0, 128),
    note: cutNote(text.note),
    regarding,
    reportingController: reporter.controller,
    reportingInstance: reporter.instance.slice(0, 128),
  }
}
