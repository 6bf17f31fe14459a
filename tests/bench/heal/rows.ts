import type { NodeRow } from '../../testbed/index.ts'

/** One row of Table 1 of the paper. Times in seconds: as printed there. */
export interface Row {
  readonly name: string
  readonly count: number
  readonly place: Readonly<Record<string, string>>
  readonly at: { readonly lat: number; readonly lon: number; readonly node: Partial<NodeRow> }
  readonly paper: {
    readonly create: number
    readonly DaemonSet: { readonly up: number; readonly recovery: number }
    readonly Deployment: { readonly up: number; readonly recovery: number }
    readonly detection: number
  }
}

export const KINDS = ['DaemonSet', 'Deployment'] as const
export type BenchKind = (typeof KINDS)[number]

const EUROPE = { lat: 48, lon: 9, node: { country: 'DE', continent: 'EU' } }
const AMERICA = { lat: 40, lon: -98, node: { country: 'US', continent: 'NA' } }

/** 18 vertices around the middle of Europe. */
function polygon(): string {
  const ring = Array.from({ length: 18 }, (_, i) => {
    const angle = (2 * Math.PI * i) / 18
    const radius = i % 2 === 0 ? 8 : 6
    return [9 + radius * Math.cos(angle), 48 + radius * 0.7 * Math.sin(angle)]
  })
  return JSON.stringify({ type: 'Polygon', coordinates: [[...ring, ring[0]]] })
}

const times = (up: number, recovery: number) => ({ up, recovery })

export const ROWS: readonly Row[] = [
  {
    name: '1, EU',
    count: 1,
    place: { continent: 'Europe' },
    at: EUROPE,
    paper: {
      create: 0.42,
      detection: 36.7,
      DaemonSet: times(3.9, 4.6),
      Deployment: times(3.4, 3.5),
    },
  },
  {
    name: '5, US',
    count: 5,
    place: { country: 'US' },
    at: AMERICA,
    paper: {
      create: 0.19,
      detection: 45.5,
      DaemonSet: times(10.1, 79.9),
      Deployment: times(10.5, 79.2),
    },
  },
  {
    name: '20, US',
    count: 20,
    place: { country: 'US' },
    at: AMERICA,
    paper: {
      create: 0.47,
      detection: 39.8,
      DaemonSet: times(60.6, 8.2),
      Deployment: times(79.6, 8.3),
    },
  },
  {
    name: '1, 18-vertex polygon',
    count: 1,
    place: { area: polygon() },
    at: EUROPE,
    paper: {
      create: 0.18,
      detection: 41.1,
      DaemonSet: times(6.7, 8.3),
      Deployment: times(6.2, 8.3),
    },
  },
  {
    name: '20, 18-vertex polygon',
    count: 20,
    place: { area: polygon() },
    at: EUROPE,
    paper: {
      create: 0.33,
      detection: 37.4,
      DaemonSet: times(57.2, 9.8),
      Deployment: times(56.8, 9.8),
    },
  },
]

/** Nodes of a row beyond those that it asks for. */
const SPARE = 4

/** A name for one row and kind: its nodes, its workload. */
export const keyOf = (index: number, kind: BenchKind): string =>
  `row${index + 1}-${kind.toLowerCase()}`

/** Every row and kind has nodes of its own, so that all can fail at once and each loses one. */
export function benchNodes(): NodeRow[] {
  return ROWS.flatMap(({ at, count }, index) =>
    KINDS.flatMap((kind) =>
      Array.from({ length: count + SPARE }, (_, i) => ({
        ...at.node,
        name: `${keyOf(index, kind)}-${i + 1}`,
        lat: at.lat + i / 50,
        lon: at.lon + i / 50,
        labels: { bench: keyOf(index, kind) },
      })),
    ),
  )
}
