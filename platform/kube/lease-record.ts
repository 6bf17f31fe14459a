/** The parts of coordination.k8s.io/v1 LeaseSpec that leader election uses. */
export interface LeaseSpec {
  readonly holderIdentity?: string | null
  readonly leaseDurationSeconds?: number | null
  readonly acquireTime?: string | null
  readonly renewTime?: string | null
  readonly leaseTransitions?: number | null
}

/**
 * What we saw of a lease and when, by our own monotonic clock. The times written in a lease come from
 * other machines' clocks and are never compared with ours: only that they change means something.
 */
export class LeaseObservation {
  #text = ''
  #holder = ''
  #validMs = 0
  #changedMs = 0

  /** Takes in the lease as it was just read. */
  see(spec: LeaseSpec, nowMs: number): void {
    const text = JSON.stringify(spec)
    if (text === this.#text) return
    this.#text = text
    this.#holder = spec.holderIdentity ?? ''
    this.#validMs = (spec.leaseDurationSeconds ?? 0) * 1000
    this.#changedMs = nowMs
  }

  get holder(): string {
    return this.#holder
  }

  /** Whether somebody else may still be leading. */
  heldByOther(identity: string, nowMs: number): boolean {
    const free = this.#holder === '' || this.#holder === identity
    return !free && nowMs < this.#changedMs + this.#validMs
  }
}

/** The lease as we write it to become or remain its holder. */
export function claim(
  old: LeaseSpec,
  identity: string,
  leaseSeconds: number,
  time: string,
): LeaseSpec {
  const ours = old.holderIdentity === identity
  return {
    ...old,
    holderIdentity: identity,
    leaseDurationSeconds: leaseSeconds,
    acquireTime: ours ? (old.acquireTime ?? time) : time,
    renewTime: time,
    leaseTransitions: (old.leaseTransitions ?? 0) + (ours ? 0 : 1),
  }
}

/** The lease as its holder gives it up: the next candidate need not wait for its end. */
export function release(old: LeaseSpec, time: string): LeaseSpec {
  const { holderIdentity: _, ...rest } = old
  return { ...rest, leaseDurationSeconds: 1, renewTime: time }
}
