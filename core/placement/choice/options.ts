import type { NodeView } from '../types.ts'
import { type Holders, NOBODY } from './holders.ts'
import type { Contender, Preference } from './preference.ts'

/** A node that a row could have. Of higher priority are those that the workload is about to leave. */
export interface Option extends Contender {
  /** Of the node: see Holders. */
  readonly slot: number
  /** False: only while another row holds it, as a node that may stay but could not enter. */
  readonly free: boolean
}

/** The nodes that one row could have, and which it wants first. Options are meant by their index. */
export class RowOptions {
  readonly preference: Preference
  readonly #list: readonly Option[]
  readonly #holders: Holders
  readonly #slots: Uint32Array
  /** Options that may be free, in no order; what is once held stays with some row. */
  readonly #open: Uint32Array
  #opened = 0

  constructor(list: readonly Option[], wants: Preference, holders: Holders) {
    this.preference = wants
    this.#list = list
    this.#holders = holders
    this.#slots = new Uint32Array(list.length)
    this.#open = new Uint32Array(list.length)
    for (const [i, { slot, free }] of list.entries()) {
      this.#slots[i] = slot
      if (free) this.#open[this.#opened++] = i
    }
  }

  node(option: number): NodeView {
    return (this.#list[option] as Option).node
  }

  /** How many options nobody holds. */
  countFree(): number {
    return this.#open.subarray(0, this.#opened).filter((i) => this.#holder(i) === NOBODY).length
  }

  /** The best option that nobody holds; undefined: none. */
  bestFree(): NodeView | undefined {
    const { ranks } = this.preference
    const open = this.#open
    let best: number | undefined
    let highest = Number.NEGATIVE_INFINITY
    let n = 0
    // Runs for every pick over every option; few pass the first test.
    while (n < this.#opened) {
      const i = open[n] as number
      if ((ranks[i] as number) < highest) n++
      else if (this.#holder(i) !== NOBODY) open[n] = open[--this.#opened] as number
      else {
        n++
        if (best !== undefined && !this.better(i, best)) continue
        best = i
        highest = this.preference.rank(i)
      }
    }
    return best === undefined ? undefined : this.node(best)
  }

  /** The options that rows hold, with the index of the row. */
  *held(): IterableIterator<{ readonly option: number; readonly holder: number }> {
    for (const option of this.#slots.keys()) {
      const holder = this.#holder(option)
      if (holder !== NOBODY) yield { option, holder }
    }
  }

  /** Whether the row wants option i rather than option j. */
  better(i: number, j: number): boolean {
    const by = this.preference.rank(i) - this.preference.rank(j)
    return by === 0 ? this.node(i).name < this.node(j).name : by > 0
  }

  #holder(option: number): number {
    return this.#holders.rows[this.#slots[option] as number] as number
  }
}
