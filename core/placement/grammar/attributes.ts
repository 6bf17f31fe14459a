import { COUNTRY_LABEL } from '../choice/membership.ts'
import { PREFIX } from '../labels.ts'
import type { Limits } from '../limits.ts'
import type { Requirement } from '../types.ts'
import { quote, refusal } from '../untyped.ts'
import type { RowKey, RowSource } from './keys.ts'
import { continentOf, countryOf, placeOf, stateOf } from './place-names.ts'
import { partition, readValues, type Value } from './values.ts'

/** The labels that attributes become requirements on. */
export const ATTRIBUTE_LABELS: ReadonlySet<string> = new Set(
  ['continent', 'country-iso', 'subdivision', 'city', 'country-city', 'subdivision-city'].map(
    (name) => PREFIX + name,
  ),
)

interface Attribute {
  readonly label: string
  readonly wanted: readonly string[]
  readonly excluded: readonly string[]
}

/**
 * The requirements of a row on the geo labels: continent, country, state, city; of each what is wanted
 * before what is excluded. Without a wanted country there is `Exists` on it, since a node that has not
 * been located is in no selection, not even by exclusion. Throws Refusal.
 */
export function attributesOf(source: RowSource, limits: Limits): Requirement[] {
  const read = (key: RowKey, reader: Reader): Attribute | undefined => {
    if (!source.values.has(key)) return undefined
    const field = source.fieldOf(key)
    return reader(readValues(source.values.get(key), field, limits), field)
  }
  const continent = read('continent', (values, field) => ({
    label: `${PREFIX}continent`,
    ...partition(values, field, (text) => continentOf(text, field)),
  }))
  const country = read('country', (values, field) => ({
    label: COUNTRY_LABEL,
    ...partition(values, field, (text) => countryOf(text, field)),
  }))
  const state = read('state', (values, field) => ({
    label: `${PREFIX}subdivision`,
    ...partition(values, field, (text) => stateOf(text, field, country?.wanted[0])),
  }))
  const city = read('city', readCities)
  const located: Requirement[] = country?.wanted.length
    ? []
    : [{ key: COUNTRY_LABEL, operator: 'Exists' }]
  return [
    ...requirementsOf(continent),
    ...located,
    ...requirementsOf(country),
    ...requirementsOf(state),
    ...requirementsOf(city),
  ]
}

type Reader = (values: readonly Value[], field: string) => Attribute

function requirementsOf(attribute: Attribute | undefined): Requirement[] {
  if (!attribute) return []
  const { label: key, wanted, excluded } = attribute
  return [
    ...(wanted.length > 0 ? [{ key, operator: 'In' as const, values: [...wanted] }] : []),
    ...(excluded.length > 0 ? [{ key, operator: 'NotIn' as const, values: [...excluded] }] : []),
  ]
}

/** The label that a city is on, by the number of parts that it is written with. */
const CITY_LABELS = ['city', 'country-city', 'subdivision-city'] as const
const CITY_FORMS = ['City', 'COUNTRY/City', 'COUNTRY/STATE/City'] as const

function readCities(values: readonly Value[], field: string): Attribute {
  const [first] = values
  const depth = first ? first.text.split('/').length : 1
  const other = values.find(({ text }) => text.split('/').length !== depth)
  if (first && other) {
    throw refusal(
      'DEPTH_MIXED',
      field,
      `${quote(first.text)} and ${quote(other.text)} are qualified differently; write all of them as ${CITY_FORMS.join(', or all as ')}`,
    )
  }
  const name = CITY_LABELS[depth - 1]
  if (name === undefined || !first) {
    throw refusal(
      'CITY_INVALID',
      field,
      `${quote(first?.text ?? '')} has too many parts; write ${CITY_FORMS.join(', ')}`,
    )
  }
  return { label: PREFIX + name, ...partition(values, field, (text) => placeOf(text, field)) }
}
