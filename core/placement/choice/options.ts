import type { NodeView } from '../types.ts'
import { type Holders, NOBODY } from './holders.ts'
import type { Preference } from './preference.ts'

/** A node that a row could have. */
export interface Option {
  readonly node: NodeView
  /** False: only while another row holds it, as a node that may stay but could not enter. */
  readonly free: boolean
  /** Higher is taken first: nodes that the workload is about to leave, but has pods on. */
  readonly priority: number
}

/** The nodes that one row could have, and which it wants first. Options are meant by their index. */
export class RowOptions {
  readonly preference: Preference
  readonly #list: readonly Option[]
  readonly #holders: Holders
  readonly #numbers: Int32Array
  readonly #priorities: Int8Array
  /** Options that were free when last looked at, in no order; what is once held stays with some row. */
  readonly #open: Int32Array
  #opened = 0

  constructor(list: readonly Option[], wants: Preference, holders: Holders) {
    this.preference = wants
    this.#list = list
    this.#holders = holders
    this.#numbers = new Int32Array(list.length)
    this.#priorities = new Int8Array(list.length)
    this.#open = new Int32Array(list.length)
    list.forEach(({ node, free, priority }, i) => {
      this.#numbers[i] = holders.number(node.name)
      this.#priorities[i] = priority
      if (free) this.#open[this.#opened++] = i
    })
  }

  node(option: number): NodeView {
    return (this.#list[option] as Option).node
  }

  /** How many options nobody holds. */
  countFree(): number {
    this.bestFree()
    return this.#opened
  }

  /** The best option that nobody holds; undefined: none. */
  bestFree(): NodeView | undefined {
    const { rows } = this.#holders
    const numbers = this.#numbers
    const open = this.#open
    let best = -1
    let kept = 0
    for (let n = 0; n < this.#opened; n++) {
      const i = open[n] as number
      if (rows[numbers[i] as number] !== NOBODY) continue
      open[kept++] = i
      if (best < 0 || this.better(i, best)) best = i
    }
    this.#opened = kept
    return best < 0 ? undefined : this.node(best)
  }

  /** The options that rows hold, with the index of the row. */
  *held(): IterableIterator<{ readonly option: number; readonly holder: number }> {
    for (const [option, number] of this.#numbers.entries()) {
      const holder = this.#holders.rows[number] ?? NOBODY
      if (holder !== NOBODY) yield { option, holder }
    }
  }

  /** Whether the row wants option i rather than option j. */
  better(i: number, j: number): boolean {
    const { scores, weights } = this.preference
    const by =
      (this.#priorities[i] as number) - (this.#priorities[j] as number) ||
      (scores[i] as number) - (scores[j] as number) ||
      (weights[i] as number) - (weights[j] as number)
    return by === 0 ? this.node(i).name < this.node(j).name : by > 0
  }
}
