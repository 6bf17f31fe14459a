import { Refusal } from '../refusal.ts'
import {
  allowList,
  allowStringMap,
  allowTyped,
  checkString,
  type Fields,
  fieldsOf,
  invalid,
  member,
  needStrings,
  objectFields,
} from './fields.ts'
import type { AdmissionRequest, KubeObject } from './types.ts'

/** What an untrusted body is: a request, or why it is none (with its uid, when that is readable). */
export type ParsedReview =
  | { readonly ok: true; readonly request: AdmissionRequest }
  | { readonly ok: false; readonly uid: string | undefined; readonly refusal: Refusal }

const operations: ReadonlySet<unknown> = new Set(['CREATE', 'UPDATE', 'DELETE', 'CONNECT'])
/** A uid is a UUID of 36 characters; what is much longer is not worth echoing. */
const longestUid = 256

/**
 * Reads an admission.k8s.io/v1 AdmissionReview. Every field that AdmissionRequest names is
 * type-checked; what else the objects hold is passed on as it came and is for the hook to check.
 */
export function parseReview(body: unknown): ParsedReview {
  let uid: string | undefined
  try {
    const review = fieldsOf(body, 'body')
    const request = fieldsOf(member(review, 'request'), 'request')
    uid = uidOf(request)
    checkVersion(review)
    return { ok: true, request: requestOf(request) }
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, uid, refusal: error }
    throw error
  }
}

function uidOf(request: Fields): string {
  const uid = member(request, 'uid')
  checkString(uid, 'request.uid')
  const text = String(uid)
  if (text === '' || text.length > longestUid) {
    throw invalid('request.uid', `must have 1 to ${longestUid} characters`)
  }
  return text
}

function checkVersion(review: Fields): void {
  if (member(review, 'apiVersion') !== 'admission.k8s.io/v1') {
    throw invalid('apiVersion', 'must be admission.k8s.io/v1')
  }
  if (member(review, 'kind') !== 'AdmissionReview') throw invalid('kind', 'must be AdmissionReview')
}

function requestOf(request: Fields): AdmissionRequest {
  const operation = member(request, 'operation')
  if (!operations.has(operation)) {
    throw invalid('request.operation', 'must be CREATE, UPDATE, DELETE or CONNECT')
  }
  needStrings(fieldsOf(member(request, 'kind'), 'request.kind'), 'request.kind', [
    'group',
    'version',
    'kind',
  ])
  needStrings(fieldsOf(member(request, 'resource'), 'request.resource'), 'request.resource', [
    'group',
    'version',
    'resource',
  ])
  allowTyped(request, 'request', 'string', ['subResource', 'name', 'namespace'])
  allowTyped(request, 'request', 'boolean', ['dryRun'])
  const checked = {
    ...request,
    userInfo: userOf(member(request, 'userInfo')),
    object: objectOf(member(request, 'object'), 'request.object', operation),
    oldObject: objectOf(member(request, 'oldObject'), 'request.oldObject', operation),
  }
  return checked as unknown as AdmissionRequest
}

function userOf(value: unknown): Fields {
  const field = 'request.userInfo'
  const user = fieldsOf(value, field)
  needStrings(user, field, ['username'])
  allowTyped(user, field, 'string', ['uid'])
  allowList(member(user, 'groups'), `${field}.groups`, checkString)
  const extra = member(user, 'extra')
  if (extra !== undefined) {
    for (const [key, list] of Object.entries(objectFields(extra, `${field}.extra`))) {
      allowList(list, `${field}.extra[${key}]`, checkString)
    }
  }
  return user
}

/** The options objects of CONNECT (exec, attach) have no metadata; they get an empty one. */
function objectOf(value: unknown, field: string, operation: unknown): KubeObject | null {
  if (value === undefined) return null
  const object = fieldsOf(value, field)
  allowTyped(object, field, 'string', ['apiVersion', 'kind'])
  const given = member(object, 'metadata')
  const metadata = given === undefined && operation === 'CONNECT' ? {} : given
  const checked = { ...object, metadata: metadataOf(metadata, `${field}.metadata`) }
  return checked as unknown as KubeObject
}

function metadataOf(value: unknown, field: string): Fields {
  const metadata = fieldsOf(value, field)
  allowTyped(metadata, field, 'string', [
    'name',
    'generateName',
    'namespace',
    'uid',
    'resourceVersion',
    'creationTimestamp',
    'deletionTimestamp',
  ])
  allowTyped(metadata, field, 'number', ['generation'])
  allowStringMap(member(metadata, 'labels'), `${field}.labels`)
  allowStringMap(member(metadata, 'annotations'), `${field}.annotations`)
  allowList(member(metadata, 'finalizers'), `${field}.finalizers`, checkString)
  allowList(member(metadata, 'ownerReferences'), `${field}.ownerReferences`, (item, at) => {
    const owner = objectFields(item, at)
    needStrings(owner, at, ['apiVersion', 'kind', 'name', 'uid'])
    allowTyped(owner, at, 'boolean', ['controller'])
  })
  return metadata
}
