/**
 * Why a node does not serve a row. The codes are stable (status of Placement, metrics); the words
 * follow "1 ..." and "3 ...", `%` stands for the detail.
 */
const WORDS = {
  /** No country or no coordinates: in no selection, not even by exclusion. */
  Unlocated: ['has no known place', 'have no known place'],
  /** A named area that is not defined (detail: its name). */
  AreaUnknown: [
    'cannot be judged because there is no GeoArea %',
    'cannot be judged because there is no GeoArea %',
  ],
  Outside: ['is outside', 'are outside'],
  /** In a pool that the tenant may not use. */
  OtherPool: ['belongs to another pool', 'belong to other pools'],
  /** The workload's own nodeSelector or affinity. */
  OwnSelector: [
    "does not match the workload's own selector or affinity",
    "do not match the workload's own selector or affinity",
  ],
  Lost: ['is lost', 'are lost'],
  /** Was lost and came back: not chosen anew for a while. */
  HeldDown: ['is held back after a loss', 'are held back after a loss'],
  NotReady: ['is not ready', 'are not ready'],
  Cordoned: ['is cordoned', 'are cordoned'],
  /** Detail: the key of the taint. */
  Tainted: ['has the untolerated taint %', 'have the untolerated taint %'],
  /** Detail: the resource, as explain.ts writes it with the amount. */
  NoRoom: ['has no room for %', 'have no room for %'],
  /** At the cap of labels of ours (caps.ts). */
  LabelCap: ['carries too many selections', 'carry too many selections'],
  /** Chosen for another row of the same workload. */
  Taken: ['serves another row', 'serve other rows'],
} as const

export type Reason = keyof typeof WORDS

export const REASONS = Object.keys(WORDS) as readonly Reason[]

/** One thing that keeps a node out. */
export interface Obstacle {
  readonly reason: Reason
  /** Name of an area, key of a taint, or name of a resource; see the table. */
  readonly detail?: string
}

/** How many nodes meet the same obstacle. */
export interface ReasonCount extends Obstacle {
  readonly count: number
}

/** "1 is not ready", "3 have no room for cpu". */
export function reasonWords({ reason, detail, count }: ReasonCount): string {
  const words = WORDS[reason][count === 1 ? 0 : 1]
  return `${count} ${words.replace('%', () => detail ?? 'something')}`
}

/** Counts equal obstacles; most frequent first, then in the order of the table, then by detail. */
export class Tally {
  readonly #counts = new Map<string, { readonly obstacle: Obstacle; count: number }>()

  add(obstacle: Obstacle): void {
    const { reason, detail } = obstacle
    const key = detail === undefined ? reason : `${reason} ${detail}`
    const known = this.#counts.get(key)
    if (known) known.count++
    else this.#counts.set(key, { obstacle, count: 1 })
  }

  counts(): ReasonCount[] {
    return [...this.#counts.values()]
      .map(({ obstacle, count }) => ({ ...obstacle, count }))
      .sort(
        (a, b) =>
          b.count - a.count ||
          REASONS.indexOf(a.reason) - REASONS.indexOf(b.reason) ||
          ((a.detail ?? '') < (b.detail ?? '') ? -1 : 1),
      )
  }
}
