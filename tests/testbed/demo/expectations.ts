import type { NodeRow } from '../noderow.ts'

/** What a person would expect of one example, judged on the table of nodes and not by EdgeNet's rules. */
export interface Expectation {
  /** Value of the pods' label `app`, or name of a bare pod. */
  readonly workload: string
  readonly says: string
  readonly pods: number
  right(nodes: readonly NodeRow[]): boolean
}

const EU = 'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK'.split(
  ' ',
)

const countryOf = (node: NodeRow) => node.country ?? ''
const all = (test: (node: NodeRow) => boolean) => (nodes: readonly NodeRow[]) => nodes.every(test)
const distinct = (nodes: readonly NodeRow[]) =>
  new Set(nodes.map(({ name }) => name)).size === nodes.length

/** The box around the drawn polygon, generous: no node of the table is between the two. */
const inAlpsBox = ({ lat = 99, lon = 99 }: NodeRow) => lat > 43.5 && lat < 48 && lon > 4 && lon < 10

export function expectations(nodes: readonly NodeRow[]): readonly Expectation[] {
  return [
    {
      workload: 'france',
      says: '2 pods in France',
      pods: 2,
      right: all((n) => countryOf(n) === 'FR'),
    },
    { workload: 'alps', says: '3 pods inside the polygon', pods: 3, right: all(inAlpsBox) },
    {
      workload: 'three-and-two',
      says: '3 in France and 2 in Germany, one a node',
      pods: 5,
      right: (on) =>
        on.filter((n) => countryOf(n) === 'FR').length === 3 &&
        on.filter((n) => countryOf(n) === 'DE').length === 2 &&
        distinct(on),
    },
    {
      workload: 'four-of-eu',
      says: '4 nodes of the EU, one pod each',
      pods: 4,
      right: (on) => on.every((n) => EU.includes(countryOf(n))) && distinct(on),
    },
    {
      workload: 'europe-without',
      says: '3 pods in Europe, not in RU or GB',
      pods: 3,
      right: all((n) => n.continent === 'EU' && countryOf(n) !== 'RU' && countryOf(n) !== 'GB'),
    },
    {
      workload: 'probe',
      says: 'one pod on each node of US and CA',
      pods: nodes.filter((n) => ['US', 'CA'].includes(countryOf(n))).length,
      right: (on) => on.every((n) => ['US', 'CA'].includes(countryOf(n))) && distinct(on),
    },
    {
      workload: 'near-paris',
      says: '1 pod within 60 km of the Eiffel Tower',
      pods: 1,
      right: all((n) => n.city === 'Paris'),
    },
  ]
}
