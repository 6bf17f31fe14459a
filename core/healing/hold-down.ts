interface Fall {
  readonly lastMs: number
  readonly untilMs: number
  readonly holdMs: number
}

export interface HoldLimits {
  readonly minMs: number
  readonly maxMs: number
}

/** A node that has been well for this many times the longest hold starts again with the shortest. */
const FORGET = 2

/**
 * Nodes that were lost and came back are not chosen anew for a while, which doubles each time: a node
 * that flaps would take work with it each time that it goes. What it still has, it keeps.
 */
export class HoldDown {
  readonly #limits: HoldLimits
  readonly #falls = new Map<string, Fall>()

  constructor(limits: HoldLimits) {
    this.#limits = limits
  }

  /** The node has come back; returns how long it is not chosen, in ms. */
  returned(name: string, nowMs: number): number {
    const { minMs, maxMs } = this.#limits
    const before = this.#falls.get(name)
    const fresh = !before || nowMs - before.lastMs > FORGET * maxMs
    const holdMs = Math.min(maxMs, fresh ? minMs : before.holdMs * 2)
    this.#falls.set(name, { lastMs: nowMs, untilMs: nowMs + holdMs, holdMs })
    return holdMs
  }

  /** The nodes that are not chosen anew now. */
  held(nowMs: number): ReadonlySet<string> {
    const held = new Set<string>()
    for (const [name, { untilMs, lastMs }] of this.#falls) {
      if (untilMs > nowMs) held.add(name)
      else if (nowMs - lastMs > FORGET * this.#limits.maxMs) this.#falls.delete(name)
    }
    return held
  }
}
