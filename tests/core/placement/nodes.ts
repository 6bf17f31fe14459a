import { readShape } from '../../../core/geo/geojson.ts'
import type { Conditions } from '../../../core/placement/choice/eligible.ts'
import type { Nodes, SelectInput } from '../../../core/placement/choice/select-types.ts'
import type { NodeView, PodDemand, Requirement, Row } from '../../../core/placement/types.ts'

/** Real places, for nodes and rows of tests. */
export const CITIES = {
  Paris: { country: 'FR', lat: 48.86, lon: 2.35 },
  Lyon: { country: 'FR', lat: 45.76, lon: 4.84 },
  Berlin: { country: 'DE', lat: 52.52, lon: 13.41 },
  Munich: { country: 'DE', lat: 48.14, lon: 11.58 },
  Madrid: { country: 'ES', lat: 40.42, lon: -3.7 },
  Tokyo: { country: 'JP', lat: 35.68, lon: 139.69 },
} as const
export type City = keyof typeof CITIES
export const CITY_NAMES = Object.keys(CITIES) as City[]

const ROOM = { cpu: 4000, memory: 8 * 2 ** 30, pods: 110 }

/** A ready, empty node in a city. */
export function nodeIn(city: City, name: string, change: Partial<NodeView> = {}): NodeView {
  const { country, lat, lon } = CITIES[city]
  return {
    name,
    ready: true,
    schedulable: true,
    taints: [],
    allocatable: ROOM,
    place: { lat, lon },
    ...change,
    labels: {
      'edge-net.io/country-iso': country,
      'edge-net.io/city': city,
      ...change.labels,
    },
  }
}

export const byName = (nodes: readonly NodeView[]): Map<string, NodeView> =>
  new Map(nodes.map((node) => [node.name, node]))

export const inCountry = (...values: string[]): Requirement[] => [
  { key: 'edge-net.io/country-iso', operator: 'In', values },
]

export const inCity = (...values: string[]): Requirement[] => [
  { key: 'edge-net.io/city', operator: 'In', values },
]

export const rowOf = (id: string, change: Partial<Row> = {}): Row => ({
  id,
  attributes: [],
  anyOf: [],
  noneOf: [],
  ...change,
})

export const DEMAND: PodDemand = {
  requests: { cpu: 500 },
  tolerations: [],
  nodeSelector: {},
}

export const CONDITIONS: Conditions = { demand: DEMAND, inside: () => undefined }

/** An input with nothing chosen yet. */
export const inputOf = (
  rows: readonly Row[],
  nodes: Nodes,
  change: Partial<SelectInput> = {},
): SelectInput => ({
  workload: 'default/Deployment/web',
  rows,
  nodes,
  current: new Map(),
  conditions: CONDITIONS,
  ...change,
})

/** The choice as the labels would say it afterwards. */
export const asCurrent = (
  chosen: ReadonlyMap<string, readonly string[]>,
): Map<string, ReadonlySet<string>> =>
  new Map([...chosen].map(([row, names]) => [row, new Set(names)]))

/** A closed outline of many vertices around a centre, with a wavy edge; degrees. */
export function outline(vertices: number, lat = 47, lon = 8, radius = 6) {
  const ring = Array.from({ length: vertices }, (_, i) => {
    const angle = (2 * Math.PI * i) / vertices
    const r = radius * (1 + 0.2 * Math.sin(40 * angle))
    return [lon + r * Math.cos(angle), lat + r * 0.7 * Math.sin(angle)] as [number, number]
  })
  const [first] = ring
  return readShape(
    { type: 'Polygon', coordinates: [[...ring, first]] },
    'metadata.annotations[edge-net.io/area]',
  )
}
