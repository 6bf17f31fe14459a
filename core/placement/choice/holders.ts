/** No row holds the node. */
export const NOBODY = -1

/** The numbers of the nodes: all below `size`. */
export interface Slots {
  readonly size: number
  slot(node: string): number | undefined
}

/** Which row holds which node, by the node's slot, since the search asks for holders very often. */
export class Holders {
  /** Index of the row that holds a node, or NOBODY. */
  readonly rows: Int32Array
  readonly #slots: Slots

  constructor(slots: Slots) {
    this.#slots = slots
    this.rows = new Int32Array(slots.size).fill(NOBODY)
  }

  set(node: string, row: number): void {
    const slot = this.#slots.slot(node)
    if (slot === undefined) throw new Error(`node ${node} has no slot`)
    this.rows[slot] = row
  }
}
