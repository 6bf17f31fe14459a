import { LeaseDetector } from '../../core/healing/detector.ts'
import { type NodeLease, nodeLease } from '../../core/healing/lease.ts'
import { isStatus, type KubeClient } from '../../platform/kube/client.ts'
import { pathTo } from '../../platform/kube/paths.ts'
import { Reflector } from '../../platform/kube/reflector.ts'
import { log } from '../../platform/log.ts'

const NAMESPACE = 'kube-node-lease'

/** Without a renewal for this long, a lease is read to hear whether the API server answers. */
const QUIET_MS = 1_000

/** An answer that takes longer proves nothing. */
const READ_MS = 2_000

export interface LeaseMonitorOptions {
  readonly client: KubeClient
  readonly marginMs: number
  readonly silenceMs: number | undefined
  /** A node has become overdue or has renewed its lease. */
  onChange(name: string): void
}

/**
 * Watches the nodes' leases. The watch alone could be stale without a sign, so a node that is overdue
 * is read once more before anybody believes it (`confirm`), and in quiet times single reads say whether
 * the API server answers at all.
 */
export class LeaseMonitor {
  readonly detector: LeaseDetector
  readonly #options: LeaseMonitorOptions
  readonly #reflector: Reflector<NodeLease>
  #timer: NodeJS.Timeout | undefined
  #reading = false
  #stopped = false

  constructor(options: LeaseMonitorOptions) {
    const { client, marginMs, silenceMs } = options
    this.#options = options
    this.detector = new LeaseDetector({ marginMs, silenceMs })
    this.#reflector = new Reflector<NodeLease>({
      client,
      name: 'healing-leases',
      path: pathTo('leases', { namespace: NAMESPACE }),
      project: nodeLease,
      onChange: (key, now) => this.#seen(key.slice(key.indexOf('/') + 1), now),
    })
  }

  get synced(): boolean {
    return this.#reflector.synced
  }

  whenSynced(signal: AbortSignal): Promise<void> {
    return this.#reflector.whenSynced(signal)
  }

  start(): void {
    this.#reflector.start()
    this.#look()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#reflector.stop()
  }

  /** Reads the lease of an overdue node; true: it has still not been renewed. Throws when there is no answer. */
  async confirm(name: string): Promise<boolean> {
    await this.#read(name)
    return this.detector.isOverdue(name)
  }

  #seen(name: string, lease: NodeLease | undefined): void {
    if (!lease) this.detector.forget(name)
    else if (!this.detector.see(name, lease, performance.now())) return
    this.#options.onChange(name)
  }

  async #read(name: string): Promise<void> {
    const path = pathTo('leases', { namespace: NAMESPACE, name })
    try {
      const options = { timeoutMs: READ_MS }
      const object = await this.#options.client.get(path, undefined, options)
      this.#seen(name, nodeLease(object))
    } catch (error) {
      if (!isStatus(error, 404)) throw error
      this.detector.contact(performance.now())
    }
  }

  // One timer: to the next deadline, or to the next proof of life of the API server.
  readonly #look = (): void => {
    if (this.#stopped) return
    this.detector.contact(this.#reflector.lastContactMs)
    const nowMs = performance.now()
    for (const name of this.detector.due(nowMs)) this.#options.onChange(name)
    const quietAt = this.detector.contactMs + QUIET_MS
    if (quietAt <= nowMs) this.#prove()
    const nextMs = Math.min(
      this.detector.nextMs ?? nowMs + QUIET_MS,
      Math.max(quietAt, nowMs + QUIET_MS),
    )
    this.#timer = setTimeout(this.#look, Math.max(1, nextMs - nowMs))
  }

  #prove(): void {
    const [name] = this.#reflector.items.keys()
    if (this.#reading || name === undefined) return
    this.#reading = true
    this.#read(name.slice(name.indexOf('/') + 1))
      .catch((error: unknown) => log.debug('the API server does not answer', { error }))
      .finally(() => {
        this.#reading = false
      })
  }
}
