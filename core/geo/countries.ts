import { countries, getCountryData, type TCountryCode } from 'countries-list'
import { nearest } from '../nearest.ts'
import type { ContinentCode } from './continents.ts'
import { MAIN_CONTINENT, MEANT_COUNTRIES, MORE_NAMES } from './country-names.ts'
import { nameKey, plainName } from './name-key.ts'

export interface Country {
  /** ISO 3166-1 alpha-2 (and XK, which is user-assigned). */
  readonly iso: string
  readonly name: string
  /** The continent of its capital, for countries on two. */
  readonly continent: ContinentCode
}

const BY_ISO = new Map<string, Country>()
const BY_ALPHA_3 = new Map<string, Country>()
const BY_KEY = new Map<string, Country>()
/** Spellings for suggestions; native names are suggested from, not accepted. */
const BY_SPELLING = new Map<string, Country>()

for (const iso of Object.keys(countries) as TCountryCode[]) {
  const { name, continent, alias = [], native, iso3 } = getCountryData(iso)
  const country = { iso, name, continent: MAIN_CONTINENT.get(iso) ?? continent }
  BY_ISO.set(iso, country)
  BY_ALPHA_3.set(iso3, country)
  const names = [name, ...alias, ...(MORE_NAMES[iso] ?? [])]
  for (const each of names) BY_KEY.set(nameKey(each), country)
  for (const each of [...names, native]) {
    const plain = plainName(each)
    if (!BY_SPELLING.has(plain)) BY_SPELLING.set(plain, country)
  }
}

/**
 * A country by its alpha-2 code in any case (also UK) or an English name, whatever its accents,
 * case, punctuation and order of words; undefined if there is none or several could be meant.
 */
export function findCountry(text: string): Country | undefined {
  return BY_ISO.get(text.trim().toUpperCase()) ?? BY_KEY.get(nameKey(text))
}

/** What was probably meant, like "France (FR)"; undefined when nothing is near. Knows alpha-3 codes. */
export function suggestCountry(text: string): string | undefined {
  const meant = MEANT_COUNTRIES.get(nameKey(text))
  if (meant !== undefined) return meant.map(countryLabel).join(' or ')
  const byCode = BY_ALPHA_3.get(text.trim().toUpperCase())
  if (byCode !== undefined) return countryLabel(byCode.iso)
  const plain = plainName(text)
  // Every two letters are one edit away from a dozen codes: that would be a guess, no suggestion.
  if (plain.length <= 2) return undefined
  const spelling = nearest(plain, BY_SPELLING.keys())
  const found = spelling === undefined ? undefined : BY_SPELLING.get(spelling)
  return found && countryLabel(found.iso)
}

/** How messages name a country: "France (FR)"; the code alone when it is unknown. */
export function countryLabel(iso: string): string {
  const country = BY_ISO.get(iso)
  return country === undefined ? iso : `${country.name} (${iso})`
}

/** Whether a text has the form of an ISO 3166-2 code, like US-CA; not whether it exists. */
export const isSubdivisionCode = (text: string): boolean => /^[A-Z]{2}-[A-Z0-9]{1,3}$/.test(text)
