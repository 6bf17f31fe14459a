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
  /** The oldest first. */
  readonly #pending = new Map<string, { readonly usage: Usage; readonly at: number }>()
  /** Keys of the pending by namespace: what one tenant creates must not slow down all others. */
  readonly #pendingIn = new Map<string, Set<string>>()

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
    if (!refusal && !dry) this.#remember(key, wanted)
    return refusal
  }

  #others(key: string): Usage {
    const payer = this.#view.payer(namespaceOf(key))
    const areas = new Set<string>()
    let rows = 0
    const add = (other: string, usage: Usage) => {
      if (other === key) return
      rows += usage.rows
      for (const area of usage.areas) areas.add(area)
    }
    for (const [other, usage] of this.#view.usageOf(payer)) {
      if (!this.#pending.has(other)) add(other, usage)
    }
    for (const [namespace, keys] of this.#pendingIn) {
      if (this.#view.payer(namespace) !== payer) continue
      for (const other of keys) add(other, this.#pending.get(other)?.usage ?? NOTHING)
    }
    return { rows, areas }
  }

  #remember(key: string, usage: Usage): void {
    this.#forget(key)
    this.#pending.set(key, { usage, at: this.#now() })
    const namespace = namespaceOf(key)
    const there = this.#pendingIn.get(namespace)
    if (there) there.add(key)
    else this.#pendingIn.set(namespace, new Set([key]))
  }

  #forget(key: string): void {
    this.#pending.delete(key)
    const there = this.#pendingIn.get(namespaceOf(key))
    there?.delete(key)
    if (there?.size === 0) this.#pendingIn.delete(namespaceOf(key))
  }

  #expire(): void {
    const before = this.#now() - PENDING_MS
    for (const [key, { at }] of this.#pending) {
      if (at >= before) return
      this.#forget(key)
    }
  }
}

const NOTHING: Usage = { rows: 0, areas: new Set() }

const namespaceOf = (key: string): string => key.slice(0, key.indexOf('/'))
