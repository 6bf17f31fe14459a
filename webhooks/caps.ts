import {
  checkCaps,
  DEFAULT_LIMITS,
  type Limits,
  type Usage,
} from '../core/placement/choice/caps.ts'
import type { Refusal } from '../core/refusal.ts'
import type { View } from './view.ts'

/** Reports of what was admitted appear within this time, or the write failed after us. */
const PENDING_MS = 60_000

/**
 * Counts what each tenant uses: the reports, and what this process admitted lately whose report has
 * not appeared yet. Several replicas may each admit up to the cap in the same instant; the cap of
 * labels per node (kept by the placement controller) bounds what that can do.
 */
export class Caps {
  readonly #view: View
  readonly #limits: Limits
  readonly #now: () => number
  readonly #pending = new Map<string, { readonly usage: Usage; readonly at: number }>()

  constructor(view: View, limits = DEFAULT_LIMITS, now: () => number = () => performance.now()) {
    this.#view = view
    this.#limits = limits
    this.#now = now
  }

  /** `key` is `<namespace>/<name of the Placement>`. Undefined: it may; and unless dry, it is remembered. */
  check(key: string, wanted: Usage, dry: boolean): Refusal | undefined {
    if (wanted.rows === 0 && wanted.areas.size === 0) return undefined
    this.#expire()
    const before = this.#view.usage.get(key)
    const refusal = checkCaps(this.#others(key), wanted, this.#limits, before)
    if (!refusal && !dry) this.#pending.set(key, { usage: wanted, at: this.#now() })
    return refusal
  }

  #others(key: string): Usage {
    const payer = this.#payer(key)
    const areas = new Set<string>()
    let rows = 0
    const add = (other: string, usage: Usage) => {
      if (other === key || this.#payer(other) !== payer) return
      rows += usage.rows
      for (const area of usage.areas) areas.add(area)
    }
    for (const [other, usage] of this.#view.usage) if (!this.#pending.has(other)) add(other, usage)
    for (const [other, { usage }] of this.#pending) add(other, usage)
    return { rows, areas }
  }

  #payer(key: string): string {
    return this.#view.payer(key.slice(0, key.indexOf('/')))
  }

  #expire(): void {
    const before = this.#now() - PENDING_MS
    for (const [key, { at }] of this.#pending) {
      if (at >= before) return
      this.#pending.delete(key)
    }
  }
}
