import { cutToBytes, oneLine } from '../admission/text.ts'
import { Refusal } from '../refusal.ts'

/** An object of a request, of which nothing is known but that it is one. */
export type Fields = Readonly<Record<string, unknown>>

/** A refusal whose sentence opens with the field. */
export function refusal(code: string, field: string, sentence: string): Refusal {
  return new Refusal(`EDGENET_${code}`, field, `${field}: ${sentence}`)
}

/** A user's text as it can stand in a sentence: one line, at most 60 bytes. */
export function quote(text: string): string {
  return `"${cutToBytes(oneLine(text.slice(0, 200)), 60)}"`
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An own member; `null` counts as absent, as it does to Kubernetes. */
export function member(fields: object | undefined, name: string): unknown {
  if (fields === undefined || !Object.hasOwn(fields, name)) return undefined
  return (fields as Fields)[name] ?? undefined
}

/** The object under a name, undefined when there is none. Throws Refusal for anything else there. */
export function objectAt(
  fields: Fields | undefined,
  name: string,
  field: string,
): Fields | undefined {
  const value = member(fields, name)
  if (value === undefined || isFields(value)) return value
  throw malformed(join(field, name), 'an object')
}

/** The list under a name, undefined when there is none. Throws Refusal for anything else there. */
export function listAt(
  fields: Fields | undefined,
  name: string,
  field: string,
): readonly unknown[] | undefined {
  const value = member(fields, name)
  if (value === undefined || Array.isArray(value)) return value
  throw malformed(join(field, name), 'a list')
}

export const join = (...path: string[]): string => path.filter((part) => part !== '').join('.')

export function malformed(field: string, wanted: string): Refusal {
  return refusal('OBJECT_MALFORMED', field, `must be ${wanted}`)
}
