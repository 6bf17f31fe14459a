import { AWS_EDGE_ZONES } from './data/aws-edge-zones.ts'
import { CLOUD_REGIONS } from './data/cloud-regions.ts'
import type { SiteRow } from './data/site-row.ts'
import type { Place } from './types.ts'

/** Rows hold a city's centre; the machines are somewhere around it (data/README.md). */
const SITE_ACCURACY_KM = 30

const SITES = new Map(
  [...CLOUD_REGIONS, ...AWS_EDGE_ZONES].map((row) => [keyOf(row[0], row[1]), row]),
)

/** The place of a provider's region or edge zone; letter case is of no account. */
export function placeOfSite(provider: string, site: string): Place | undefined {
  const row = SITES.get(keyOf(provider, site))
  return row && placeOf(row)
}

function keyOf(provider: string, site: string): string {
  return `${provider} ${site.toLowerCase()}`
}

function placeOf([, , city, subdivision, country, continent, lat, lon]: SiteRow): Place {
  const code = subdivision.slice(country.length + 1)
  return {
    continent,
    country,
    ...(code !== '' && { subdivision: code }),
    city,
    lat,
    lon,
    accuracyKm: SITE_ACCURACY_KM,
  }
}
