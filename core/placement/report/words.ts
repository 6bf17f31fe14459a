import type { RowFacts } from '../choice/membership.ts'
import { PREFIX } from '../labels.ts'
import type { Area, Requirement } from '../types.ts'

/** "1 node", "7 nodes". */
export const nodesWords = (count: number): string => (count === 1 ? '1 node' : `${count} nodes`)

/** Kilometres as a person would say them: "under 1 km", "12 km", "340 km", "1,230 km". */
export function kmWords(km: number): string {
  if (km < 1) return 'under 1 km'
  const rounded = km < 100 ? Math.round(km) : Math.round(km / 10) * 10
  return `${rounded.toLocaleString('en-US')} km`
}

const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi']

function bytesWords(bytes: number): string {
  const power = Math.floor(Math.log2(Math.max(1, bytes)) / 10)
  const unit = Math.min(BINARY.length - 1, power)
  return `${+(bytes / 1024 ** unit).toFixed(1)}${BINARY[unit]}`
}

/** A resource with its amount: "cpu 500m", "cpu 1.5", "memory 512Mi", "another pod". */
export function resourceWords(resource: string, amount: number | undefined): string {
  if (resource === 'pods') return 'another pod'
  if (amount === undefined) return resource
  if (resource === 'cpu') return `cpu ${amount < 1000 ? `${amount}m` : +(amount / 1000).toFixed(3)}`
  const bytes = /^(memory|ephemeral-storage|hugepages-.*)$/.test(resource)
  return `${resource} ${bytes ? bytesWords(amount) : amount}`
}

/** Most frequent first, at most five: "FR 4, BE 3, +2 more". */
export function countriesWords(counts: ReadonlyMap<string, number>): string {
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
  const words = sorted.slice(0, 5).map(([country, count]) => `${country} ${count}`)
  if (sorted.length > 5) words.push(`+${sorted.length - 5} more`)
  return words.join(', ')
}

/** The annotation key that a geo label belongs to, and how its values look there. */
const KEYS = new Map<string, { readonly key: string; readonly show: (value: string) => string }>(
  Object.entries({
    continent: { key: 'continent', show: spaces },
    'country-iso': { key: 'country', show: spaces },
    'state-iso': { key: 'state', show: spaces },
    subdivision: { key: 'state', show: slashes },
    city: { key: 'city', show: spaces },
    'country-city': { key: 'city', show: slashes },
    'subdivision-city': { key: 'city', show: slashes },
  }),
)

function spaces(value: string): string {
  return value.replaceAll('_', ' ')
}

/** `US-CA.Stanford` is `US/CA/Stanford` in an annotation; a hyphen after the subdivision stays. */
function slashes(value: string): string {
  return spaces(value.replace(/^([A-Z]{2})-([A-Z0-9]{1,3})(?=\.|$)/, '$1/$2').replace('.', '/'))
}

/** Name of the annotation key (without prefix) of a label; a label that is none of ours stays as it is. */
export function keyWords(label: string): string {
  return KEYS.get(label.slice(PREFIX.length))?.key ?? label
}

/** A label's value as the annotation writes it. */
export function valueWords(label: string, value: string): string {
  return KEYS.get(label.slice(PREFIX.length))?.show(value) ?? value
}

/** At most three of a list. */
function some(items: readonly string[], and: string): string {
  const rest = items.length - 3
  return items.slice(0, 3).join(and) + (rest > 0 ? ` (+${rest} more)` : '')
}

/** "country FR or DE", "not country RU". */
function requirementWords({ key, operator, values = [] }: Requirement): string[] {
  if (operator !== 'In' && operator !== 'NotIn') return []
  const shown = values.map((value) => valueWords(key, value))
  return [`${operator === 'In' ? '' : 'not '}${keyWords(key)} ${some(shown, ' or ')}`]
}

export function areaWords(area: Area): string {
  switch (area.kind) {
    case 'named':
      return `area ${area.name}`
    case 'shape':
      return 'the given shape'
    case 'circle':
      return `the circle of ${kmWords(area.km)}`
  }
}

const degrees = (value: number): string => String(+value.toFixed(2))

/** A row in words: "country FR, city Paris", "area alps, not country RU", "anywhere". */
export function rowWords({ attributes, anyOf, noneOf, near }: RowFacts): string {
  const parts = attributes.flatMap(requirementWords)
  if (anyOf.length > 0) parts.push(some(anyOf.map(areaWords), ' or '))
  for (const area of noneOf) parts.push(`not ${areaWords(area)}`)
  if (near) {
    const centre = `${degrees(near.lat)},${degrees(near.lon)}`
    parts.push(
      near.km ? `the circle of ${kmWords(near.km)} around ${centre}` : `the nearest to ${centre}`,
    )
  }
  return parts.length > 0 ? some(parts, ', ') : 'anywhere'
}

/** Warnings of the API server: each is cut at 256 bytes when they are many. */
export const MAX_BYTES = 255

/**
 * One line of printable ASCII, at most MAX_BYTES: control characters would make the API server drop
 * a warning, and a cut inside a longer character would spoil it.
 */
export function line(text: string): string {
  const ascii = text.slice(0, 2 * MAX_BYTES).replaceAll(/[^\x20-\x7e]/gu, '?')
  return ascii.length <= MAX_BYTES ? ascii : `${ascii.slice(0, MAX_BYTES - 3)}...`
}
