/** The nodes on which selections are tried, and predicates on them that know nothing of EdgeNet's rules. */
import { type NodeRow, worldNodes } from '../../testbed/index.ts'
import { distanceKm } from '../support.ts'

export type Right = (node: NodeRow) => boolean

/** Labels of the administrator's own, for the affinity that users write themselves. */
export const TIER = 'example.org/tier'
export const DISK = 'example.org/disk'

const OWN_LABELS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'fr-paris-1': { [TIER]: 'gold' },
  'fr-lyon-1': { [TIER]: 'gold', [DISK]: 'ssd' },
  'fr-lille-1': { [DISK]: 'ssd' },
  'de-berlin-1': { [TIER]: 'gold' },
  'de-munich-1': { [DISK]: 'ssd' },
  'us-dallas-1': { [TIER]: 'gold', [DISK]: 'ssd' },
}

/** A second node without a place: a test gives it one. */
export const FOUNDLING = 'unlocated-2'

export const TABLE: readonly NodeRow[] = [
  ...worldNodes().map((row) => ({ ...row, labels: OWN_LABELS[row.name] ?? {} })),
  { name: FOUNDLING },
]

export const isLocated: Right = ({ lat }) => lat !== undefined

export const within =
  (...countries: readonly string[]): Right =>
  ({ country }) =>
    country !== undefined && countries.includes(country)

export const named =
  (...names: readonly string[]): Right =>
  ({ name }) =>
    names.includes(name)

export const hasLabel =
  (key: string, value: string): Right =>
  ({ labels }) =>
    labels?.[key] === value

export const both =
  (a: Right, b: Right): Right =>
  (node) =>
    a(node) && b(node)

export const not =
  (right: Right): Right =>
  (node) =>
    isLocated(node) && !right(node)

/** Degrees. */
export interface Box {
  readonly south: number
  readonly north: number
  readonly west: number
  /** Less than `west` when the box lies across the antimeridian. */
  readonly east: number
}

export const inBox =
  ({ south, north, west, east }: Box): Right =>
  ({ lat, lon }) => {
    if (lat === undefined || lon === undefined || lat < south || lat > north) return false
    return west < east ? lon > west && lon < east : lon > west || lon < east
  }

/** GeoJSON of a box; across the antimeridian with longitudes beyond 180. */
export function polygonOf({ south, north, west, east }: Box): object {
  const right = west < east ? east : east + 360
  const ring = [
    [west, south],
    [right, south],
    [right, north],
    [west, north],
    [west, south],
  ]
  return { type: 'Polygon', coordinates: [ring] }
}

const EU = 'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK'
export const inEu: Right = within(...EU.split(' '))

type Point = { readonly lat: number; readonly lon: number }

const distanceTo =
  (point: Point) =>
  ({ lat, lon }: NodeRow): number =>
    lat === undefined || lon === undefined
      ? Number.POSITIVE_INFINITY
      : distanceKm(point, { lat, lon })

export const nearTo =
  (point: Point, km: number): Right =>
  (node) =>
    distanceTo(point)(node) <= km

/** The k nodes of the table that are nearest to a point. */
export function nearestTo(point: Point, k: number): Right {
  const distance = distanceTo(point)
  const sorted = [...TABLE].sort((a, b) => distance(a) - distance(b))
  return named(...sorted.slice(0, k).map(({ name }) => name))
}

/** Rows of nodes by name; a name that is not in the table is a node that a test added. */
export function rowsOf(names: readonly string[]): NodeRow[] {
  return names.map((name) => TABLE.find((row) => row.name === name) ?? { name })
}
