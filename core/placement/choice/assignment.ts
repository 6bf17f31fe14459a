import type { NodeView, Row } from '../types.ts'
import { Holders, NOBODY, type Slots } from './holders.ts'
import { type Option, RowOptions } from './options.ts'
import { preference } from './preference.ts'

/** One counted row and what it holds. */
export interface Seats {
  readonly row: Row
  readonly wanted: number
  readonly held: Map<string, NodeView>
  /** Held since before; moved to another row only if nothing else helps. */
  readonly sticky: Set<string>
}

/** Where rows can choose from; asked only if a row needs more nodes or might pass one on. */
export interface Choice {
  slots(): Slots
  options(seats: Seats): readonly Option[]
}

/** More than any number of moves in one path. */
const STICKY_MOVE = 1e6

/** How the search came to a row: `from.row` would take `from.node` from it. */
interface Visit {
  cost: number
  done: boolean
  from?: { readonly row: number; readonly node: NodeView }
}

/**
 * Gives nodes to rows, a node to at most one. Every row takes what it prefers among the nodes that
 * are free; if there is none, nodes are passed on between rows along an augmenting path (Berge: when
 * none is left, no assignment fills more places).
 */
export class Assignment {
  readonly #seats: readonly Seats[]
  readonly #workload: string
  readonly #choice: Choice
  readonly #options: (RowOptions | undefined)[] = []
  /** Rows from which no path leads to a free node. */
  readonly #stuck = new Set<number>()
  #heldBy: Holders | undefined

  constructor(seats: readonly Seats[], workload: string, choice: Choice) {
    this.#seats = seats
    this.#workload = workload
    this.#choice = choice
  }

  get #holders(): Holders {
    if (!this.#heldBy) {
      const holders = new Holders(this.#choice.slots())
      this.#seats.forEach(({ held }, index) => {
        for (const name of held.keys()) holders.set(name, index)
      })
      this.#heldBy = holders
    }
    return this.#heldBy
  }

  /** Fills the rows as far as it can be done, those with the least choice first. */
  fill(): void {
    const order = this.#scarcestFirst()
    // First without touching what was held before: then that moves only if more places get filled.
    for (const allowSticky of [false, true]) {
      this.#stuck.clear()
      for (const index of order) {
        while (this.#missing(index) > 0 && !this.#stuck.has(index)) {
          this.#augment(index, allowSticky)
        }
      }
    }
  }

  #missing(index: number): number {
    const { held, wanted } = this.#seats[index] as Seats
    return wanted - held.size
  }

  /**
   * Indices of the rows that miss nodes, those with the fewest nodes to spare first; but those that
   * cannot be filled anyhow come last, so that they starve no other. Ties in the given order.
   */
  #scarcestFirst(): number[] {
    const missing = [...this.#seats.keys()].filter((index) => this.#missing(index) > 0)
    if (missing.length < 2) return missing
    return missing
      .map((index) => ({
        index,
        slack: this.#optionsFor(index).countFree() - this.#missing(index),
      }))
      .sort(
        (a, b) =>
          Number(a.slack < 0) - Number(b.slack < 0) || a.slack - b.slack || a.index - b.index,
      )
      .map(({ index }) => index)
  }

  #optionsFor(index: number): RowOptions {
    let options = this.#options[index]
    if (!options) {
      const seats = this.#seats[index] as Seats
      const list = this.#choice.options(seats)
      const wants = preference(seats.row, this.#workload, list)
      for (const node of seats.held.values()) wants.add(node)
      options = new RowOptions(list, wants, this.#holders)
      this.#options[index] = options
    }
    return options
  }

  /** One more node for a row, by the path with the fewest moves; if there is none, it is stuck. */
  #augment(start: number, allowSticky: boolean): void {
    const visits: Visit[] = this.#seats.map(() => ({ cost: Number.POSITIVE_INFINITY, done: false }))
    ;(visits[start] as Visit).cost = 0
    for (;;) {
      const index = cheapest(visits)
      if (index === undefined) break
      const free = this.#optionsFor(index).bestFree()
      if (free) {
        this.#shift(index, free, visits)
        return
      }
      this.#visit(index, visits, allowSticky)
    }
    // What was visited leads to no free node, now and later: none becomes free.
    for (const [index, { done }] of visits.entries()) if (done) this.#stuck.add(index)
  }

  /** Takes a free node into the last row of a path, and passes nodes on back to its start. */
  #shift(end: number, free: NodeView, visits: readonly Visit[]): void {
    let index = end
    let incoming = free
    for (;;) {
      const { from } = visits[index] as Visit
      if (from) this.#release(index, from.node)
      this.#take(index, incoming)
      if (!from) return
      index = from.row
      incoming = from.node
    }
  }

  #take(index: number, node: NodeView): void {
    this.#seats[index]?.held.set(node.name, node)
    this.#holders.set(node.name, index)
    this.#options[index]?.preference.add(node)
  }

  #release(index: number, node: NodeView): void {
    this.#seats[index]?.held.delete(node.name)
    this.#seats[index]?.sticky.delete(node.name)
    this.#holders.set(node.name, NOBODY)
    this.#options[index]?.preference.remove(node)
  }

  /** Notes by which rows this one could be served, where no cheaper way to them is known. */
  #visit(index: number, visits: Visit[], allowSticky: boolean): void {
    const options = this.#optionsFor(index)
    const here = visits[index] as Visit
    here.done = true
    for (const [holder, { option, cost }] of this.#offers(options, visits, allowSticky)) {
      const visit = visits[holder] as Visit
      if (here.cost + cost >= visit.cost) continue
      visit.cost = here.cost + cost
      visit.from = { row: index, node: options.node(option) }
    }
  }

  /** The node that each row not yet visited could best pass on, and what that costs. */
  #offers(
    options: RowOptions,
    visits: readonly Visit[],
    allowSticky: boolean,
  ): Map<number, { readonly option: number; readonly cost: number }> {
    const offers = new Map<number, { readonly option: number; readonly cost: number }>()
    for (const { option, holder } of options.held()) {
      const sticky = this.#seats[holder]?.sticky.has(options.node(option).name)
      if (visits[holder]?.done || this.#stuck.has(holder) || (sticky && !allowSticky)) continue
      const cost = 1 + (sticky ? STICKY_MOVE : 0)
      const rival = offers.get(holder)
      const better = !rival || cost < rival.cost
      if (better || (cost === rival.cost && options.better(option, rival.option))) {
        offers.set(holder, { option, cost })
      }
    }
    return offers
  }
}

/** The nearest row that has not been visited; undefined: none can be reached. */
function cheapest(visits: readonly Visit[]): number | undefined {
  let best: number | undefined
  for (const [index, { cost, done }] of visits.entries()) {
    if (done || cost === Number.POSITIVE_INFINITY) continue
    if (best === undefined || cost < (visits[best] as Visit).cost) best = index
  }
  return best
}
