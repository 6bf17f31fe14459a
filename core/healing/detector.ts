import { Deadlines } from './deadlines.ts'
import type { NodeLease } from './lease.ts'

interface Watched {
  lease: NodeLease
  /** When we last saw the lease change, or were cut off from seeing it. */
  lastMs: number
  /** A change was seen, not only its first state. */
  renewed: boolean
  overdue: boolean
  /** Stands among the deadlines. */
  queued: boolean
}

export interface DetectorOptions {
  /** Waited beyond a lease's own duration, in ms: what a renewal may take to reach us. */
  readonly marginMs: number
  /** Silence of the API server after which nothing is concluded; default: half of a lease's duration. */
  readonly silenceMs?: number | undefined
}

/** Two renewals are missing: a kubelet renews at every quarter of the duration. */
const SILENCE_SHARE = 0.5

/** At the moment when one of several nodes that failed together is overdue, the others are this late. */
const LATE_SHARE = 0.75

/** While cut off from the API server, time that is up is looked at again after this. */
const AGAIN_MS = 500

/**
 * Says which nodes have not renewed their Lease for as long as the Lease itself is valid, by our own
 * monotonic clock since we last saw a change (`nowMs`). Time in which the API server was silent does
 * not count: after it, every node gets its whole duration again. A renewal costs no search: deadlines
 * are looked at when they come.
 */
export class LeaseDetector {
  readonly #options: DetectorOptions
  readonly #nodes = new Map<string, Watched>()
  readonly #deadlines = new Deadlines()
  #contactMs = Number.NEGATIVE_INFINITY

  constructor(options: DetectorOptions) {
    this.#options = options
  }

  /** When `due` is to be asked next; undefined: no lease is watched. */
  get nextMs(): number | undefined {
    return this.#deadlines.nextMs
  }

  /** When the API server was last heard. */
  get contactMs(): number {
    return this.#contactMs
  }

  /** Takes in a lease as it was read; true: it was renewed since it was last read. */
  see(name: string, lease: NodeLease, nowMs: number): boolean {
    this.contact(nowMs)
    const known = this.#nodes.get(name)
    if (known?.lease.renewal === lease.renewal) {
      known.lease = lease
      return false
    }
    const node = known ?? { lease, lastMs: nowMs, renewed: false, overdue: false, queued: false }
    // It stands among the deadlines by the longer duration.
    if (lease.durationMs < node.lease.durationMs) node.queued = false
    node.lease = lease
    node.lastMs = nowMs
    node.renewed = known !== undefined
    node.overdue = false
    this.#nodes.set(name, node)
    this.#queue(name, node)
    return node.renewed
  }

  /** The lease is gone: nothing is known about the node. */
  forget(name: string): void {
    this.#nodes.delete(name)
  }

  /** The API server was heard at this time. */
  contact(nowMs: number): void {
    const silentMs = nowMs - this.#contactMs
    if (silentMs <= 0) return
    this.#contactMs = nowMs
    if (silentMs === Number.POSITIVE_INFINITY) return
    if (silentMs <= this.#leastSilenceMs()) return
    for (const [name, node] of this.#nodes) {
      if (node.overdue || silentMs <= this.#silenceMs(node)) continue
      node.lastMs = nowMs
      this.#queue(name, node)
    }
  }

  /** The nodes that have become overdue: each is told once, until it is renewed. */
  due(nowMs: number): string[] {
    const names: string[] = []
    for (;;) {
      const name = this.#deadlines.pop(nowMs)
      if (name === undefined) return names
      const node = this.#nodes.get(name)
      if (!node?.queued) continue
      node.queued = false
      if (this.#deadline(node) > nowMs) this.#queue(name, node)
      else if (nowMs - this.#contactMs > this.#silenceMs(node)) {
        this.#queue(name, node, nowMs + AGAIN_MS)
      } else {
        node.overdue = true
        names.push(name)
      }
    }
  }

  isOverdue(name: string): boolean {
    return this.#nodes.get(name)?.overdue ?? false
  }

  /** Whether a lease is watched that has not been renewed since we began. */
  awaitsFirstRenewal(name: string): boolean {
    return this.#nodes.get(name)?.renewed === false
  }

  /** When the last renewal was seen; undefined: no lease is known. */
  lastMs(name: string): number | undefined {
    return this.#nodes.get(name)?.lastMs
  }

  leaseOf(name: string): NodeLease | undefined {
    return this.#nodes.get(name)?.lease
  }

  /** Overdue nodes, and those that have missed so many renewals that they may have failed together with them. */
  missing(nowMs: number): { name: string; sinceMs: number }[] {
    const found: { name: string; sinceMs: number }[] = []
    for (const [name, node] of this.#nodes) {
      const late = nowMs - node.lastMs >= LATE_SHARE * node.lease.durationMs
      if (node.overdue || late) found.push({ name, sinceMs: node.lastMs })
    }
    return found
  }

  #deadline({ lastMs, lease }: Watched): number {
    return lastMs + lease.durationMs + this.#options.marginMs
  }

  #silenceMs({ lease }: Watched): number {
    return this.#options.silenceMs ?? SILENCE_SHARE * lease.durationMs
  }

  /** Nothing needs a look after shorter silences. */
  #leastSilenceMs(): number {
    return this.#options.silenceMs ?? AGAIN_MS
  }

  /** A node stands among the deadlines once; one that comes too early is put back. */
  #queue(name: string, node: Watched, atMs = this.#deadline(node)): void {
    if (node.queued) return
    node.queued = true
    this.#deadlines.push(name, atMs)
  }
}
