import type { Place } from '../../geo/distance.ts'

const INSIDE = 1
const OUTSIDE = 2

/** The verdicts of one area, one byte per node; 0: not known yet. */
export class Verdicts {
  #bytes = new Uint8Array(0)

  /** The verdict of a slot; asked for once, then remembered. */
  at(slot: number, decide: () => boolean): boolean {
    const known = this.#bytes[slot]
    if (known) return known === INSIDE
    const inside = decide()
    if (slot >= this.#bytes.length) this.#grow(slot + 1)
    this.#bytes[slot] = inside ? INSIDE : OUTSIDE
    return inside
  }

  clear(slot: number): void {
    if (slot < this.#bytes.length) this.#bytes[slot] = 0
  }

  #grow(least: number): void {
    const bytes = new Uint8Array(Math.max(64, 2 ** Math.ceil(Math.log2(least))))
    bytes.set(this.#bytes)
    this.#bytes = bytes
  }
}

/** Gives every node a slot in the verdicts of all areas, and clears it when the node moves or goes. */
export class VerdictTable {
  readonly #slots = new Map<string, { readonly slot: number; readonly place: Place }>()
  readonly #free: number[] = []
  readonly #areas = new Set<Verdicts>()
  #next = 0

  /** Verdicts for one more area. */
  verdicts(): Verdicts {
    const verdicts = new Verdicts()
    this.#areas.add(verdicts)
    return verdicts
  }

  drop(verdicts: Verdicts): void {
    this.#areas.delete(verdicts)
  }

  /** The slot of a node at a place. */
  slot(node: string, place: Place): number {
    const known = this.#slots.get(node)
    if (known && known.place.lat === place.lat && known.place.lon === place.lon) return known.slot
    if (known) this.#clear(known.slot)
    const slot = known?.slot ?? this.#free.pop() ?? this.#next++
    this.#slots.set(node, { slot, place })
    return slot
  }

  forget(node: string): void {
    const known = this.#slots.get(node)
    if (!known) return
    this.#clear(known.slot)
    this.#slots.delete(node)
    this.#free.push(known.slot)
  }

  #clear(slot: number): void {
    for (const area of this.#areas) area.clear(slot)
  }
}
