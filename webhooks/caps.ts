import {
  checkCaps,
  DEFAULT_LIMITS,
  type Limits,
  type Usage,
} from '../core/placement/choice/caps.ts'
import type { Refusal } from '../core/refusal.ts'

/** Reports of what was admitted appear within this time, or the write failed after us. */
const PENDING_MS = 60_000

/** Tells of one report that came, changed or went. */
export type UsageListener = (key: string, now: Usage | undefined, before: Usage | undefined) => void

/** What the reports say, by `<namespace>/<name of the Placement>`, and who pays for a namespace. */
export interface Accounts {
  readonly usage: ReadonlyMap<string, Usage>
  usageOf(payer: string): Iterable<[key: string, usage: Usage]>
  payer(namespace: string): string
  onUsage(listener: UsageListener): void
}

/** A workload that is to be stored. */
export interface Claim {
  /** `<namespace>/<name of the Placement>`; under generateName anything that is unique. */
  readonly key: string
  /** How the key of its report will begin, when its name is still to be generated. */
  readonly prefix?: string
  readonly wanted: Usage
  /** What it uses as stored; undefined: it is new. */
  readonly stored?: Usage | undefined
}

interface Pending {
  readonly usage: Usage
  readonly at: number
  readonly prefix?: string | undefined
}

/**
 * Counts what each tenant uses: the reports, and what this process admitted lately whose report has
 * not appeared yet. Several replicas may each admit up to the cap in the same instant; the cap of
 * labels per node (kept by the placement controller) bounds what that can do.
 */
export class Caps {
  readonly #accounts: Accounts
  readonly #limits: Limits
  readonly #now: () => number
  /** The oldest first. */
  readonly #pending = new Map<string, Pending>()
  /** Keys of the pending by namespace: what one tenant creates must not slow down all others. */
  readonly #pendingIn = new Map<string, Set<string>>()

  constructor(
    accounts: Accounts,
    limits = DEFAULT_LIMITS,
    now: () => number = () => performance.now(),
  ) {
    this.#accounts = accounts
    this.#limits = limits
    this.#now = now
    accounts.onUsage((key, now, before) => this.#settle(key, now, before))
  }

  /** Undefined: it may; and unless dry, it is remembered. */
  check({ key, prefix, wanted, stored }: Claim, dry: boolean): Refusal | undefined {
    this.#expire()
    const before = stored ?? this.#accounts.usage.get(key)
    const nothing = wanted.rows === 0 && wanted.areas.size === 0
    const refusal = nothing ? undefined : checkCaps(this.#others(key), wanted, this.#limits, before)
    if (refusal || dry) return refusal
    if (nothing) this.#forget(key)
    else this.#remember(key, { usage: wanted, at: this.#now(), prefix })
    return undefined
  }

  /** Keys of the workloads that refer to an area, by what is reported or was admitted lately. */
  usersOf(area: string): string[] {
    this.#expire()
    const users = new Set<string>()
    for (const [key, { areas }] of this.#accounts.usage) if (areas.has(area)) users.add(key)
    for (const [key, { usage }] of this.#pending) if (usage.areas.has(area)) users.add(key)
    return [...users].sort()
  }

  #others(key: string): Usage {
    const payer = this.#accounts.payer(namespaceOf(key))
    const areas = new Set<string>()
    let rows = 0
    const add = (other: string, usage: Usage) => {
      if (other === key) return
      rows += usage.rows
      for (const area of usage.areas) areas.add(area)
    }
    for (const [other, usage] of this.#accounts.usageOf(payer)) {
      if (!this.#pending.has(other)) add(other, usage)
    }
    for (const [namespace, keys] of this.#pendingIn) {
      if (this.#accounts.payer(namespace) !== payer) continue
      for (const other of keys) add(other, this.#pending.get(other)?.usage ?? NOTHING)
    }
    return { rows, areas }
  }

  /** What a report says need not be remembered any more, or it would count twice or for too long. */
  #settle(key: string, now: Usage | undefined, before: Usage | undefined): void {
    const pending = this.#pending.get(key)
    if (pending) {
      if (!now || sameUsage(now, pending.usage)) this.#forget(key)
      return
    }
    if (!now || before) return
    for (const other of this.#pendingIn.get(namespaceOf(key)) ?? []) {
      const { prefix, usage } = this.#pending.get(other) ?? { usage: NOTHING }
      if (prefix === undefined || !key.startsWith(prefix) || !sameUsage(now, usage)) continue
      this.#forget(other)
      return
    }
  }

  #remember(key: string, pending: Pending): void {
    this.#forget(key)
    this.#pending.set(key, pending)
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

const sameUsage = (a: Usage, b: Usage): boolean =>
  a.rows === b.rows && a.areas.size === b.areas.size && [...a.areas].every((id) => b.areas.has(id))

const namespaceOf = (key: string): string => key.slice(0, key.indexOf('/'))
