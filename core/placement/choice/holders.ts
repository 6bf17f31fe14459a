/** No row holds the node. */
export const NOBODY = -1

/** Which row holds which node. Nodes are numbered, since the search asks for holders very often. */
export class Holders {
  readonly #numbers = new Map<string, number>()
  /** Index of the row that holds a node, or NOBODY, by the node's number. */
  readonly rows: number[] = []

  /** The number of a node, the same for as long as this object lives. */
  number(node: string): number {
    let number = this.#numbers.get(node)
    if (number === undefined) {
      number = this.rows.length
      this.#numbers.set(node, number)
      this.rows.push(NOBODY)
    }
    return number
  }

  set(node: string, row: number): void {
    this.rows[this.number(node)] = row
  }
}
