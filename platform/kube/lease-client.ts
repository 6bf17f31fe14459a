import type { ObjectMeta } from '../../core/admission/types.ts'
import { isStatus, type KubeClient } from './client.ts'
import { claim, LeaseObservation, type LeaseSpec, release } from './lease-record.ts'
import { microTime } from './microtime.ts'
import { pathTo } from './paths.ts'

interface Lease {
  readonly metadata: ObjectMeta
  readonly spec?: LeaseSpec
}

export interface LeaseOptions {
  readonly client: KubeClient
  readonly namespace: string
  readonly name: string
  readonly identity: string
  readonly leaseSeconds: number
}

/** `unsure`: a write did not win, or the lease vanished; the next attempt sees how things are. */
export type Holding = 'held' | 'other' | 'unsure'

/** Reads and writes one Lease object for one candidate. Every write is optimistic: the first one wins. */
export class LeaseClient {
  readonly #options: LeaseOptions
  readonly #path: string
  readonly #observation = new LeaseObservation()
  /** The lease as we wrote it last: while we hold it, nobody else writes, and no read is needed. */
  #last: Lease | undefined

  constructor(options: LeaseOptions) {
    this.#options = options
    this.#path = pathTo('leases', { namespace: options.namespace, name: options.name })
  }

  /** Who held the lease when it was last seen; empty: nobody. */
  get holder(): string {
    return this.#observation.holder
  }

  /** Acquires or renews, with at most `timeoutMs` per call. Rejects when the API server gives no answer. */
  async tryHold(timeoutMs: number): Promise<Holding> {
    const { identity } = this.#options
    const read = this.#last ?? (await this.#read(timeoutMs))
    if (read === undefined) return this.#create(timeoutMs)
    this.#see(read)
    if (this.#observation.heldByOther(identity, performance.now())) {
      this.#last = undefined
      return 'other'
    }
    return this.#write(read, timeoutMs)
  }

  /** Gives the lease up if it is ours. Rejects when that cannot be written: it will run out by itself. */
  async giveUp(timeoutMs: number): Promise<void> {
    const { client, identity } = this.#options
    // Read anew: what we wrote last may not be known (an answer that never came).
    const read = await this.#read(timeoutMs)
    if (read?.spec?.holderIdentity !== identity) return
    const spec = release(read.spec, microTime())
    this.#last = undefined
    this.#see(await client.update<Lease>(this.#path, { ...read, spec }, undefined, { timeoutMs }))
  }

  async #read(timeoutMs: number): Promise<Lease | undefined> {
    try {
      return await this.#options.client.get<Lease>(this.#path, undefined, { timeoutMs })
    } catch (error) {
      if (isStatus(error, 404)) return undefined
      throw error
    }
  }

  async #create(timeoutMs: number): Promise<Holding> {
    const { client, namespace, name, identity, leaseSeconds } = this.#options
    const time = microTime()
    const body = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace },
      spec: { ...claim({}, identity, leaseSeconds, time), leaseTransitions: 0 },
    }
    return this.#settled(
      client.create<Lease>(pathTo('leases', { namespace }), body, undefined, { timeoutMs }),
    )
  }

  async #write(read: Lease, timeoutMs: number): Promise<Holding> {
    const { client, identity, leaseSeconds } = this.#options
    const spec = claim(read.spec ?? {}, identity, leaseSeconds, microTime())
    return this.#settled(
      client.update<Lease>(this.#path, { ...read, spec }, undefined, { timeoutMs }),
    )
  }

  async #settled(writing: Promise<Lease>): Promise<Holding> {
    // Until the answer is here, what is stored is not known; the next attempt reads first.
    this.#last = undefined
    try {
      const written = await writing
      this.#see(written)
      this.#last = written
      return 'held'
    } catch (error) {
      if (isStatus(error, 409) || isStatus(error, 404)) return 'unsure'
      throw error
    }
  }

  #see(lease: Lease): void {
    this.#observation.see(lease.spec ?? {}, performance.now())
  }
}
