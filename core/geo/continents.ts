import { continents, type TContinentCode } from 'countries-list'
import { nearest } from '../nearest.ts'
import { nameKey, plainName } from './name-key.ts'

export type ContinentCode = TContinentCode

export interface Continent {
  readonly code: ContinentCode
  /** Value of the label edge-net.io/continent: the English name with `_` for blanks. */
  readonly label: string
}

const CONTINENTS: readonly (Continent & { readonly name: string })[] = Object.entries(
  continents,
).map(([code, name]) => ({ code: code as ContinentCode, name, label: name.replaceAll(' ', '_') }))
const BY_CODE = new Map<string, Continent>(CONTINENTS.map((c) => [c.code, c]))
const BY_NAME = new Map<string, Continent>(CONTINENTS.map((c) => [nameKey(c.name), c]))

/** What people write who mean one or several of ours. */
const MEANT = new Map<string, string>([
  ['america', 'North America (NA) or South America (SA)'],
  ['americas', 'North America (NA) or South America (SA)'],
  ['latin america', 'South America (SA) or North America (NA)'],
  ['central america', 'North America (NA)'],
  ['caribbean', 'North America (NA)'],
  ['australia', 'Oceania (OC)'],
  ['australasia', 'Oceania (OC)'],
  ['middle east', 'Asia (AS)'],
  ['eurasia', 'Europe (EU) or Asia (AS)'],
])

/** A continent by its code (any case), English name or label value; undefined if there is none. */
export function findContinent(text: string): Continent | undefined {
  const found = BY_CODE.get(text.trim().toUpperCase()) ?? BY_NAME.get(nameKey(text))
  return found && { code: found.code, label: found.label }
}

/** What was probably meant, like "Europe (EU)"; undefined when nothing is near. */
export function suggestContinent(text: string): string | undefined {
  const plain = plainName(text)
  const meant = MEANT.get(plain)
  if (meant !== undefined) return meant
  const name = nearest(
    plain,
    CONTINENTS.map((c) => c.name),
  )
  const found = CONTINENTS.find((c) => c.name === name)
  return found && `${found.name} (${found.code})`
}

/** The label value of a continent. */
export const continentLabel = (code: ContinentCode): string => continents[code].replaceAll(' ', '_')
