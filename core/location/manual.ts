import { type ContinentCode, findContinent, suggestContinent } from '../geo/continents.ts'
import { findCountry, isSubdivisionCode, suggestCountry } from '../geo/countries.ts'
import { labelValue } from './label-value.ts'
import { MANUAL_ANNOTATION, type NodeFacts } from './node-facts.ts'
import { type Answer, type Place, present } from './types.ts'

/** Six short fields fit in it many times over; longer text is not read. */
const MAX_LENGTH = 2048

/** What is wrong with the annotation, as a sentence. */
class Mistake extends Error {}

/**
 * The place that an administrator wrote on the node, a JSON object of `lat`, `lon` (numbers, degrees),
 * `country` (ISO 3166-1 alpha-2 or English name), `state` (`IDF` or `FR-IDF`), `city` and `continent`
 * (code or English name; the country's when absent). At least a country or coordinates must be given.
 * Whether a state exists in its country is not known here. Anything else in it is a mistake, and a mistake is final: the node then is nowhere.
 */
export function fromManual(node: NodeFacts): Answer {
  if (node.manual === undefined) return undefined
  try {
    return { place: parseManual(node.manual), from: `annotation ${MANUAL_ANNOTATION}` }
  } catch (error) {
    if (!(error instanceof Mistake)) throw error
    const message = `annotation ${MANUAL_ANNOTATION}: ${error.message}`
    return { problem: { reason: 'ManualLocationInvalid', message }, final: true }
  }
}

function parseManual(text: string): Place {
  const fields = objectOf(text)
  for (const key of fields.keys()) {
    if (!KEYS.includes(key)) {
      throw new Mistake(`unknown key ${quote(key)}; known are ${KEYS.join(', ')}`)
    }
  }
  const given = read(fields, 'country', countryOf)
  const state = read(fields, 'state', (value) => stateOf(value, given))
  const country = given ?? state?.country
  const lat = degrees(fields, 'lat', 90)
  const lon = degrees(fields, 'lon', 180)
  if ((lat === undefined) !== (lon === undefined)) throw new Mistake('lat and lon go together')
  if (country === undefined && lat === undefined) {
    throw new Mistake('give a country, or lat and lon, or all of them')
  }
  return present({
    continent: read(fields, 'continent', continentOf) ?? findCountry(country ?? '')?.continent,
    country,
    subdivision: state?.code,
    city: read(fields, 'city', cityOf),
    lat,
    lon,
  })
}

const KEYS = ['lat', 'lon', 'country', 'state', 'city', 'continent']

/** The fields of the object as a Map, so that no key has a meaning of its own. */
function objectOf(text: string): ReadonlyMap<string, unknown> {
  const example = '{"country":"FR","city":"Paris","lat":48.85,"lon":2.35}'
  const wrong = new Mistake(`must be a JSON object such as ${example}`)
  if (text.length > MAX_LENGTH) throw new Mistake(`longer than ${MAX_LENGTH} characters`)
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong
    return new Map(Object.entries(value))
  } catch {
    throw wrong
  }
}

/** A text field through its reader. */
function read<T>(
  fields: ReadonlyMap<string, unknown>,
  key: string,
  reader: (text: string) => T,
): T | undefined {
  const value = fields.get(key)
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value.trim() === '') {
    throw new Mistake(`${key} must be a text that is not empty`)
  }
  return reader(value.trim())
}

function degrees(
  fields: ReadonlyMap<string, unknown>,
  key: 'lat' | 'lon',
  limit: number,
): number | undefined {
  const value = fields.get(key)
  if (value === undefined) return undefined
  // JSON has no NaN, but 1e999 reads as Infinity.
  if (typeof value !== 'number' || !(Math.abs(value) <= limit)) {
    throw new Mistake(`${key} must be a number of degrees from -${limit} to ${limit}`)
  }
  return value
}

function countryOf(text: string): string {
  const country = findCountry(text)
  if (country) return country.iso
  throw new Mistake(`there is no country ${quote(text)}${meant(suggestCountry(text))}`)
}

function continentOf(text: string): ContinentCode {
  const continent = findContinent(text)
  if (continent) return continent.code
  throw new Mistake(`there is no continent ${quote(text)}${meant(suggestContinent(text))}`)
}

/** `IDF`, or with its country `FR-IDF` (or `FR/IDF`, as workloads write it). */
function stateOf(text: string, given: string | undefined): { code: string; country?: string } {
  const [head = '', tail] = text.toUpperCase().split(/[-/](.*)/s)
  const country = tail === undefined ? given : findCountry(head)?.iso
  const code = tail ?? head
  if (
    (tail !== undefined && country === undefined) ||
    !isSubdivisionCode(`${country ?? 'XX'}-${code}`)
  ) {
    throw new Mistake(`state ${quote(text)} is no ISO 3166-2 code such as IDF or FR-IDF`)
  }
  if (given !== undefined && country !== given) {
    throw new Mistake(`state ${quote(text)} is not in the country ${given}`)
  }
  return { code, ...(country !== undefined && { country }) }
}

function cityOf(text: string): string {
  if (labelValue(text) === undefined) {
    throw new Mistake(`city ${quote(text)} has no letter or digit that a label can hold`)
  }
  return text
}

const meant = (suggestion: string | undefined): string =>
  suggestion === undefined ? '' : `; did you mean ${suggestion}?`

/** The text as it can stand in a message. */
const quote = (text: string): string => JSON.stringify(text.slice(0, 40))
