import { unitVector, type Vector } from '../../geo/distance.ts'
import type { NodeView } from '../types.ts'
import { COUNTRY_LABEL } from './membership.ts'

/** What a pod asks for, where it asks for nothing that few pods do. */
export interface PlainRequests {
  /** Millicores; NaN fits nowhere. */
  readonly cpu: number
  /** Bytes. */
  readonly memory: number
}

/** Less than any request. */
const NOTHING = -1

/** The values of one label: an index into `values` for each slot, 0 for nodes without it. */
export interface LabelColumn {
  readonly values: readonly string[]
  readonly indices: Uint16Array
}

const MAX_VALUES = 0xffff

/**
 * What every workload asks of every node, side by side and by slot: to fetch 5,000 objects from memory
 * takes longer than to compare what is wanted of them.
 */
export class NodeColumns {
  readonly #ready: boolean[] = []
  /** Whether any pod may be put there: ready, not cordoned, without a taint that needs a toleration. */
  readonly #open: boolean[] = []
  readonly #cpu: number[] = []
  readonly #memory: number[] = []
  readonly #pods: number[] = []
  readonly #countries: number[] = []
  readonly #countryNames: string[] = []
  readonly #countryNumbers = new Map<string, number>()
  readonly #points: (Vector | undefined)[] = []

  set(slot: number, node: NodeView): void {
    const { allocatable, ready, schedulable, taints } = node
    this.#ready[slot] = ready
    this.#open[slot] =
      ready && schedulable && taints.every(({ effect }) => effect === 'PreferNoSchedule')
    this.#cpu[slot] = allocatable['cpu'] ?? NOTHING
    this.#memory[slot] = allocatable['memory'] ?? NOTHING
    this.#pods[slot] = allocatable['pods'] ?? NOTHING
  }

  /** What facts are about; asked for only when those have changed. */
  setFacts(slot: number, { labels, place }: NodeView): void {
    this.#countries[slot] = this.#numberOf(labels[COUNTRY_LABEL] ?? '')
    this.#points[slot] = place && unitVector(place.lat, place.lon)
  }

  isReady(slot: number): boolean {
    return this.#ready[slot] === true
  }

  /** True: a pod without further wishes finds room on the empty node. False: the node must be looked at. */
  takes(slot: number, { cpu, memory }: PlainRequests): boolean {
    return (
      this.#open[slot] === true &&
      (this.#pods[slot] as number) >= 1 &&
      (this.#cpu[slot] as number) >= cpu &&
      (this.#memory[slot] as number) >= memory
    )
  }

  /** Number of the country of the node in a slot, below `countryNames.length`. */
  country(slot: number): number {
    return this.#countries[slot] as number
  }

  /** ISO codes by number; the empty one stands for nodes without. */
  get countryNames(): readonly string[] {
    return this.#countryNames
  }

  /** Where the node in a slot is; undefined: not known. */
  point(slot: number): Vector | undefined {
    return this.#points[slot]
  }

  #numberOf(country: string): number {
    let number = this.#countryNumbers.get(country)
    if (number === undefined) {
      number = this.#countryNames.push(country) - 1
      this.#countryNumbers.set(country, number)
    }
    return number
  }
}

/** Values beyond the 65,535th are left out, as if the nodes had none. */
export function labelColumn(label: string, nodes: readonly (NodeView | undefined)[]): LabelColumn {
  const values = ['']
  const known = new Map([['', 0]])
  const indices = Uint16Array.from(nodes, (node) => {
    const value = node?.labels[label] ?? ''
    let index = known.get(value)
    if (index === undefined) {
      index = values.length > MAX_VALUES ? 0 : values.push(value) - 1
      known.set(value, index)
    }
    return index
  })
  return { values, indices }
}
