import type { ContinentCode } from '../../geo/continents.ts'

/**
 * One site of a cloud provider. The subdivision is ISO 3166-2's first level (`US-CA`), empty where a
 * country has none; degrees are those of the city's centre.
 */
export type SiteRow = readonly [
  provider: string,
  site: string,
  city: string,
  subdivision: string,
  country: string,
  continent: ContinentCode,
  lat: number,
  lon: number,
]
