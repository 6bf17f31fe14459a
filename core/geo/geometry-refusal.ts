import { Refusal } from '../refusal.ts'

/** What can be wrong with a geometry; the codes are stable. */
export type GeometryFault =
  | 'NOT_JSON'
  | 'TYPE'
  | 'STRUCTURE'
  | 'EMPTY'
  | 'POSITIONS'
  | 'UNCLOSED'
  | 'NUMBER'
  | 'RANGE'
  | 'SWAPPED'
  | 'ZERO_AREA'
  | 'TOO_WIDE'
  | 'TOO_LARGE'
  | 'TOO_DEEP'
  | 'TANGLED'

/** `field` names the annotation or field that holds the geometry; it opens the sentence too. */
export const geometryRefusal = (fault: GeometryFault, field: string, sentence: string): Refusal =>
  new Refusal(`EDGENET_GEOMETRY_${fault}`, field, `${field}: ${sentence}`)

/** A short name of an untrusted value for a sentence; never walks into it. */
export function describe(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'string') return `the text ${JSON.stringify(value.slice(0, 40))}`
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeof value === 'object' ? 'an object' : `a value of type ${typeof value}`
}
