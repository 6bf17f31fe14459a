import { findContinent, suggestContinent } from '../../geo/continents.ts'
import { findCountry, suggestCountry } from '../../geo/countries.ts'
import { labelValue } from '../../location/label-value.ts'
import { joinLabel } from '../../location/qualified.ts'
import { quote, refusal } from '../untyped.ts'

/** Label value of a continent by English name or code. Throws Refusal. */
export function continentOf(text: string, field: string): string {
  const continent = findContinent(text)
  if (continent) return continent.label
  throw unknown(
    'CONTINENT_UNKNOWN',
    field,
    `there is no continent ${quote(text)}`,
    suggestContinent(text),
  )
}

/** ISO 3166-1 alpha-2 of a country by code or English name. Throws Refusal. */
export function countryOf(text: string, field: string): string {
  const country = findCountry(text)
  if (country) return country.iso
  throw unknown(
    'COUNTRY_UNKNOWN',
    field,
    `there is no country ${quote(text)}`,
    suggestCountry(text),
  )
}

function unknown(code: string, field: string, sentence: string, meant: string | undefined) {
  const hint =
    meant === undefined ? 'give an ISO code or the English name' : `did you mean ${meant}?`
  return refusal(code, field, `${sentence}; ${hint}`)
}

const SUBDIVISION = /^[A-Za-z0-9]{1,3}$/

/**
 * `US-CA` of `US/CA` or `US-CA`; `country` is what a state without one was probably meant in. Whether a
 * country has such a subdivision is not checked: they change more often than we would follow.
 */
export function stateOf(text: string, field: string, country = 'US'): string {
  const dashed = /^([A-Za-z]{2})-(.*)$/.exec(text)
  const parts = text.includes('/') ? text.split('/') : (dashed?.slice(1) ?? [text])
  const [of = '', code = '', ...more] = parts.map((part) => part.trim())
  if (parts.length === 1) {
    const example = SUBDIVISION.test(text) ? text.toUpperCase() : 'CA'
    throw refusal(
      'STATE_UNQUALIFIED',
      field,
      `${quote(text)} needs its country, like ${country}/${example}`,
    )
  }
  const iso = countryOf(of, field)
  if (more.length === 0 && SUBDIVISION.test(code)) return `${iso}-${code.toUpperCase()}`
  throw refusal(
    'STATE_INVALID',
    field,
    `${quote(text)} is no ISO 3166-2 code; write country and code, like ${iso}/${iso === 'FR' ? 'IDF' : 'CA'}`,
  )
}

/** Label value of a city, `COUNTRY/City` or `COUNTRY/STATE/City`. Throws Refusal. */
export function placeOf(text: string, field: string): string {
  const parts = text.split('/')
  const city = labelValue(parts.pop() ?? '')
  if (city === undefined) {
    throw refusal(
      'CITY_INVALID',
      field,
      `${quote(text)} has no name of a city that a label could hold; give its English name`,
    )
  }
  const [country, state] = parts
  if (country === undefined) return city
  if (state === undefined) return joinLabel([countryOf(country.trim(), field), city])
  return joinLabel([stateOf(`${country}/${state}`, field), city])
}
