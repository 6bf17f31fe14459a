import { ATTRIBUTE_LABELS } from '../grammar/attributes.ts'
import { areaLabel, MARKER, outsideLabel, RESTRICTED } from '../labels.ts'
import type { Marker, MarkerRow, Requirement, SpreadConstraint } from '../types.ts'
import { type Fields, isFields, member } from '../untyped.ts'
import { HOSTNAME } from './spread.ts'

/** Longer texts are no markers of ours (limits.ts bounds what is written). */
const MAX_LENGTH = 262_144
const MAX_ALTERNATIVES = 64
const BASES: readonly unknown[] = [
  'none',
  'affinity',
  'nodeAffinity',
  'required',
] satisfies Marker['base'][]

const OPERATORS: readonly unknown[] = ['In', 'NotIn', 'Exists']
const named = (label: typeof areaLabel) => label({ kind: 'named', name: '' })
const LABEL_STARTS = [named(areaLabel), named(outsideLabel), `${RESTRICTED}use-`]

/** The alternatives that the rows of a marker add to each of the user's terms, in order. */
export const alternativesOf = (marker: Pick<Marker, 'rows'>): (readonly Requirement[])[] =>
  marker.rows.flatMap(({ terms }) => terms)

export const writeMarker = (marker: Marker): string => JSON.stringify(marker)

/** The text under the marker's annotation in the metadata of a pod template. */
export function markerText(metadata: Fields): string | undefined {
  const annotations = member(metadata, 'annotations')
  const text = isFields(annotations) ? member(annotations, MARKER) : undefined
  return typeof text === 'string' ? text : undefined
}

/**
 * Reads a marker. Undefined for anything that we would not have written: everybody may write this
 * annotation, and what it names is taken out of the template, so it may name labels of ours only, never
 * another expression that keeps pods off a node.
 */
export function parseMarker(text: string | undefined): Marker | undefined {
  if (text === undefined || text.length > MAX_LENGTH) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isMarker(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isMarker(value: unknown): value is Marker {
  if (!isFields(value) || member(value, 'v') !== 1 || !BASES.includes(member(value, 'base')))
    return false
  const salt = member(value, 'salt')
  return (
    isListOf(member(value, 'rows'), isRow) &&
    isListOf(member(value, 'spread'), isSpread) &&
    alternativesOf(value as unknown as Marker).length <= MAX_ALTERNATIVES &&
    (salt === undefined || (typeof salt === 'string' && salt.length <= 64))
  )
}

function isRow(value: unknown): value is MarkerRow {
  const use = isFields(value) ? member(value, 'use') : undefined
  return (
    isFields(value) &&
    /^[0-9a-f]{20}$/.test(String(member(value, 'id'))) &&
    (use === undefined || isOurLabel(use)) &&
    isListOf(member(value, 'terms'), isAlternative)
  )
}

/** An empty alternative would be in every term. */
const isAlternative = (value: unknown): boolean =>
  isListOf(value, isRequirement) && value.length > 0

function isRequirement(value: unknown): boolean {
  if (!isFields(value) || !OPERATORS.includes(member(value, 'operator'))) return false
  const key = member(value, 'key')
  const values = member(value, 'values')
  return (
    (isOurLabel(key) || (typeof key === 'string' && ATTRIBUTE_LABELS.has(key))) &&
    (values === undefined || isListOf(values, (each) => typeof each === 'string'))
  )
}

const isOurLabel = (key: unknown): boolean =>
  typeof key === 'string' && LABEL_STARTS.some((start) => key.startsWith(start))

const isSpread = (value: unknown): value is SpreadConstraint =>
  isFields(value) && member(value, 'topologyKey') === HOSTNAME

const isListOf = (value: unknown, is: (item: unknown) => boolean): value is unknown[] =>
  Array.isArray(value) && value.every(is)

/** Whether an expression is on a label that nobody but us writes into affinities. */
export const isRestricted = ({ key }: Requirement): boolean => key.startsWith(RESTRICTED)
