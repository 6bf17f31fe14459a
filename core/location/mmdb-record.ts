import { type ContinentCode, findContinent } from '../geo/continents.ts'
import { findCountry } from '../geo/countries.ts'
import { cityValue } from './city.ts'
import { type Place, present } from './types.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * The place in a record of an IP database, nested as in GeoLite2, GeoIP2 and DB-IP, or flat as in
 * ip-location-db. Undefined when the record says neither a country nor coordinates. Values of a
 * wrong type or form are as good as absent: a database is a file from elsewhere.
 */
export function placeOfRecord(record: unknown): Place | undefined {
  if (typeof record !== 'object' || record === null) return undefined
  const fields = record as Fields
  const place = Object.hasOwn(fields, 'country_code') ? flat(fields) : nested(fields)
  return place.country === undefined && place.lat === undefined ? undefined : place
}

function nested(record: Fields): Place {
  const location = child(record, 'location')
  const country = countryOf(own(child(record, 'country'), 'iso_code'))
  const subdivisions = own(record, 'subdivisions')
  const first: unknown = Array.isArray(subdivisions) ? subdivisions[0] : undefined
  const city = child(record, 'city')
  return {
    ...present({
      continent: continentOf(own(child(record, 'continent'), 'code'), country),
      country,
      subdivision: subdivisionOf(own(fieldsOf(first), 'iso_code')),
      city: cityValue(own(child(city, 'names'), 'en'), own(city, 'geoname_id')),
      accuracyKm: radius(own(location, 'accuracy_radius')),
    }),
    ...coordinates(own(location, 'latitude'), own(location, 'longitude')),
  }
}

/** Its `state1` is a name, not a code, so it gives no subdivision. */
function flat(record: Fields): Place {
  const country = countryOf(own(record, 'country_code'))
  return {
    ...present({
      continent: continentOf(own(record, 'continent_code'), country),
      country,
      city: cityValue(own(record, 'city'), undefined),
    }),
    ...coordinates(own(record, 'latitude'), own(record, 'longitude')),
  }
}

function own(fields: Fields, key: string): unknown {
  return Object.hasOwn(fields, key) ? fields[key] : undefined
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}

const child = (fields: Fields, key: string): Fields => fieldsOf(own(fields, key))

function countryOf(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Z]{2}$/.test(value) ? findCountry(value)?.iso : undefined
}

function continentOf(value: unknown, country: string | undefined): ContinentCode | undefined {
  if (typeof value === 'string' && /^[A-Z]{2}$/.test(value)) {
    const found = findContinent(value)
    if (found) return found.code
  }
  return country === undefined ? undefined : findCountry(country)?.continent
}

function subdivisionOf(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Z0-9]{1,3}$/.test(value) ? value : undefined
}

function radius(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 && value <= 20_038 ? value : undefined
}

function coordinates(lat: unknown, lon: unknown): Pick<Place, 'lat' | 'lon'> {
  if (typeof lat !== 'number' || typeof lon !== 'number') return {}
  // 0,0 lies in the sea and is how some databases write "unknown".
  if (!(Math.abs(lat) <= 90 && Math.abs(lon) <= 180) || (lat === 0 && lon === 0)) return {}
  return { lat, lon }
}
