import { cutToBytes, oneLine } from './text.ts'
import type { AdmissionRequest, PatchOp, Verdict } from './types.ts'
import type { Denial } from './verdicts.ts'

/** metav1.Status, as far as a refusal needs it. */
export interface Status {
  readonly status: 'Failure'
  readonly code: number
  readonly reason: string
  readonly message: string
  readonly details?: {
    readonly group?: string
    readonly kind?: string
    readonly name?: string
    readonly causes: readonly {
      readonly field: string
      readonly message: string
      readonly reason: string
    }[]
  }
}

/** admission.k8s.io/v1 AdmissionReview with its response. */
export interface ReviewResponse {
  readonly apiVersion: 'admission.k8s.io/v1'
  readonly kind: 'AdmissionReview'
  readonly response: {
    readonly uid: string
    readonly allowed: boolean
    readonly patchType?: 'JSONPatch'
    /** Base64 of the JSON Patch. */
    readonly patch?: string
    readonly warnings?: readonly string[]
    readonly status?: Status
  }
}

/** The request that an answer is about; without kind and name when only the uid could be read. */
export type About = Pick<AdmissionRequest, 'uid'> & Partial<Pick<AdmissionRequest, 'kind' | 'name'>>

const reasons: ReadonlyMap<number, string> = new Map([
  [400, 'BadRequest'],
  [403, 'Forbidden'],
  [409, 'Conflict'],
  [413, 'RequestEntityTooLarge'],
  [415, 'UnsupportedMediaType'],
  [422, 'Invalid'],
  [429, 'TooManyRequests'],
  [500, 'InternalError'],
  [503, 'ServiceUnavailable'],
  [504, 'Timeout'],
])

/** The API server keeps 4,096 bytes of warnings of all hooks together; beyond, it cuts each to 256. */
const mostWarnings = 4
const longestWarning = 255
/** A message quotes what the user wrote, which may be a polygon of 200 kB. */
const longestMessage = 2048

/** The answer to one request. Throws when a patch holds what JSON cannot say (NaN, Infinity). */
export function renderReview(about: About, verdict: Verdict): ReviewResponse {
  const answer = verdict.allowed
    ? {
        uid: about.uid,
        allowed: true,
        ...patchFields(verdict.patch ?? []),
        ...warningFields(verdict.warnings ?? []),
      }
    : { uid: about.uid, allowed: false, status: statusOf(verdict, about) }
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer }
}

/**
 * The status of a refusal. kubectl shows `message`, except for 422: there it makes a sentence of
 * kind, name and causes alone (each as its field and its message), so the cause carries the whole
 * text too, but for the field that opens it.
 */
export function statusOf(denial: Denial, about?: Partial<About>): Status {
  const code = denial.status >= 400 && denial.status <= 599 ? denial.status : 403
  const suffix = ` [${denial.code}]`
  const text = cutToBytes(denial.message, longestMessage - suffix.length) + suffix
  const field = denial.field ?? ''
  const opening = field === '' ? '' : `${field}: `
  return {
    status: 'Failure',
    code,
    reason: reasons.get(code) ?? (code < 500 ? 'BadRequest' : 'InternalError'),
    message: text,
    details: {
      ...(about?.kind && { group: about.kind.group, kind: about.kind.kind }),
      ...(about?.name && { name: about.name }),
      causes: [
        {
          field,
          message: text.startsWith(opening) ? text.slice(opening.length) : text,
          reason: denial.code,
        },
      ],
    },
  }
}

function patchFields(patch: readonly PatchOp[]) {
  if (patch.length === 0) return {}
  const json = JSON.stringify(patch, onlyFinite)
  return { patchType: 'JSONPatch' as const, patch: Buffer.from(json).toString('base64') }
}

/** JSON.stringify would write null for a number like 1e999 and so change the user's object. */
function onlyFinite(key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new RangeError(`patch holds ${value} at ${key}`)
  }
  return value
}

function warningFields(warnings: readonly string[]) {
  const lines = warnings.map((text) => cutToBytes(oneLine(text), longestWarning))
  const kept = lines.filter((line) => line !== '').slice(0, mostWarnings)
  return kept.length > 0 ? { warnings: kept } : {}
}
