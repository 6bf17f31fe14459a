import { nearest } from '../../nearest.ts'
import type { Limits } from '../limits.ts'
import { isFields, quote, refusal } from '../untyped.ts'

/** One value of a key; `!` before it excludes. */
export interface Value {
  readonly text: string
  readonly excluded: boolean
}

/** Longest value of a list; the longest names of places are under 100 characters. */
const MAX_LENGTH = 128

/**
 * The comma-separated values of a key: a text, or in a row of `placement` also a number or a list of
 * both. Throws Refusal for other types, empty values, too many or too long ones.
 */
export function readValues(value: unknown, field: string, limits: Limits): Value[] {
  const parts = textItems(value, field).flatMap((text) => text.split(','))
  if (parts.length > limits.values) {
    throw refusal(
      'TOO_MANY_VALUES',
      field,
      `has ${parts.length} values, at most ${limits.values} are allowed`,
    )
  }
  return parts.map((part) => readValue(part, field))
}

function readValue(part: string, field: string): Value {
  const trimmed = part.trim()
  const excluded = trimmed.startsWith('!')
  const text = excluded ? trimmed.slice(1).trim() : trimmed
  if (text === '') {
    throw refusal(
      'VALUE_EMPTY',
      field,
      'has an empty value; remove the annotation or the superfluous comma',
    )
  }
  if (text.length > MAX_LENGTH) {
    throw refusal('VALUE_TOO_LONG', field, `${quote(text)} is longer than ${MAX_LENGTH} characters`)
  }
  return { text, excluded }
}

function textItems(value: unknown, field: string): string[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (items.length === 0) throw refusal('VALUE_EMPTY', field, 'is an empty list; remove it')
  return items.map((item) => textOf(item, field))
}

/** A text, or a number as text. Throws Refusal for anything else. */
export function textOf(value: unknown, field: string): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  throw refusal(
    'ANNOTATION_TYPE',
    field,
    `must be text, but is ${typeName(value)}; put it in quotes`,
  )
}

function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'empty'
  if (Array.isArray(value)) return 'a list'
  return isFields(value) ? 'an object' : `a ${typeof value}`
}

/** Wanted and excluded results of `read`, each sorted and without duplicates; refuses what is both. */
export function partition(
  values: readonly Value[],
  field: string,
  read: (text: string) => string,
): { wanted: string[]; excluded: string[] } {
  const wanted = new Set<string>()
  const excluded = new Set<string>()
  for (const value of values) (value.excluded ? excluded : wanted).add(read(value.text))
  for (const both of wanted) {
    if (!excluded.has(both)) continue
    throw refusal(
      'VALUE_CONTRADICTION',
      field,
      `${quote(both)} is both wanted and excluded; remove one of the two`,
    )
  }
  return { wanted: [...wanted].sort(), excluded: [...excluded].sort() }
}

/** One of a few words. Throws Refusal `code` with the nearest of them. */
export function readWord<W extends string>(
  value: unknown,
  field: string,
  words: readonly W[],
  code: string,
): W {
  const text = textOf(value, field).trim()
  const word = words.find((candidate) => candidate === text.toLowerCase())
  if (word !== undefined) return word
  const meant = nearest(text, words)
  const hint = meant ? `; did you mean ${meant}?` : ''
  throw refusal(code, field, `${quote(text)} is none of ${words.join(', ')}${hint}`)
}
