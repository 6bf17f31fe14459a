import { Refusal } from '../refusal.ts'

export type Fields = Readonly<Record<string, unknown>>

/** Code of a body that is not an AdmissionReview as the API server sends it. */
export const reviewInvalid = 'EDGENET_REVIEW_INVALID'

export function invalid(field: string, message: string): Refusal {
  return new Refusal(reviewInvalid, field, `${field} ${message}`)
}

/** An object (not a list), as it is. */
export function objectFields(value: unknown, field: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(field, `must be an object, received ${nameOf(value)}`)
  }
  return value as Fields
}

/** An object without its `null` members: Kubernetes takes null and absent for the same. */
export function fieldsOf(value: unknown, field: string): Fields {
  const fields = objectFields(value, field)
  const entries = Object.entries(fields)
  if (entries.every(([, member]) => member !== null)) return fields
  return Object.fromEntries(entries.filter(([, member]) => member !== null))
}

export function member(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined
}

/** Checks that each of the named members is a string. */
export function needStrings(fields: Fields, field: string, names: readonly string[]): void {
  for (const name of names) checkType(member(fields, name), `${field}.${name}`, 'string')
}

/** Checks that each of the named members is of `type` where it is there at all. */
export function allowTyped(
  fields: Fields,
  field: string,
  type: 'string' | 'number' | 'boolean',
  names: readonly string[],
): void {
  for (const name of names) {
    const value = member(fields, name)
    if (value !== undefined) checkType(value, `${field}.${name}`, type)
  }
}

/** Checks a map of strings, or its absence. */
export function allowStringMap(value: unknown, field: string): void {
  if (value === undefined) return
  for (const [key, text] of Object.entries(objectFields(value, field))) {
    checkType(text, `${field}[${key}]`, 'string')
  }
}

/** Checks a list whose items `check` accepts, or its absence. */
export function allowList(
  value: unknown,
  field: string,
  check: (item: unknown, field: string) => void,
): void {
  if (value === undefined) return
  if (!Array.isArray(value)) throw invalid(field, `must be a list, received ${nameOf(value)}`)
  for (const [index, item] of value.entries()) check(item, `${field}[${index}]`)
}

export function checkString(value: unknown, field: string): void {
  checkType(value, field, 'string')
}

function checkType(value: unknown, field: string, type: 'string' | 'number' | 'boolean'): void {
  if (typeof value !== type) throw invalid(field, notA(type, value))
}

function notA(type: string, value: unknown): string {
  return value === undefined ? 'is missing' : `must be a ${type}, received ${nameOf(value)}`
}

function nameOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`
}
