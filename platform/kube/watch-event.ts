import type { KubeObject } from '../../core/admission/types.ts'
import { ApiError, type StatusBody, TransportError } from './errors.ts'

export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubeObject }
  /** Nothing happened up to this version: a later watch may begin there. */
  | { readonly type: 'BOOKMARK'; readonly object: KubeObject }

/**
 * One line of a watch. Throws ApiError for an ERROR event, TransportError for a line that is none:
 * going on after a lost event would leave the cache wrong for good.
 */
export function parseWatchLine(line: string, request: string): WatchEvent {
  const event = parse(line, request)
  switch (event.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
    case 'BOOKMARK':
      return event as WatchEvent
    case 'ERROR': {
      const status = event.object as StatusBody
      throw new ApiError(status.code ?? 500, status, request)
    }
    default:
      throw new TransportError(
        'EBADJSON',
        `${request}: unknown event ${JSON.stringify(event.type)}`,
      )
  }
}

function parse(line: string, request: string): { type: unknown; object: object } {
  let event: unknown
  try {
    event = JSON.parse(line)
  } catch (error) {
    const start = JSON.stringify(line.slice(0, 120))
    throw new TransportError('EBADJSON', `${request}: not JSON: ${start}`, error)
  }
  const { type, object } = (event ?? {}) as { type?: unknown; object?: unknown }
  if (typeof object === 'object' && object !== null) return { type, object }
  throw new TransportError('EBADJSON', `${request}: an event without object: ${line.slice(0, 120)}`)
}

/** The API server cannot go on from our version: only a new list helps. */
export function needsRelist(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false
  if (error.status === 410 || error.reason === 'Expired' || error.reason === 'Gone') return true
  // A version from the future: etcd was restored from a backup.
  return error.details?.causes?.some((c) => c.reason === 'ResourceVersionTooLarge') ?? false
}

/**
 * Whether the API server's version lies before ours: its store was restored from a backup. Versions
 * are decimal numbers of any length, ordered as such.
 */
export function wentBack(theirs: string, ours: string): boolean {
  if (!/^\d+$/.test(theirs) || !/^\d+$/.test(ours)) return false
  return BigInt(theirs) < BigInt(ours)
}
