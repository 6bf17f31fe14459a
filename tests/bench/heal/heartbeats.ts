import { setTimeout as sleep } from 'node:timers/promises'
import type { KubeClient } from '../../../platform/kube/client.ts'
import { pathTo } from '../../../platform/kube/paths.ts'
import { forEachParallel } from '../../../platform/parallel.ts'

const NAMESPACE = 'kube-node-lease'
const PARALLEL = 20

/** Time between two batches. */
const BATCH_MS = 100

const renewal = () => ({ renewTime: new Date().toISOString().replace('Z', '000Z') })

/** Keeps the leases of many nodes as their kubelets would, each renewed at half of its duration. */
export class Heartbeats {
  /** From the first to the last of all renewals, the longest. */
  longestRoundMs = 0
  readonly #client: KubeClient
  readonly #leaseSeconds: number
  readonly #stopped = new Set<string>()
  /** By node: when the answer to its last renewal came, performance.now(). */
  readonly #last = new Map<string, number>()
  #ended = false
  #loop: Promise<void> = Promise.resolve()

  constructor(client: KubeClient, leaseSeconds: number) {
    this.#client = client
    this.#leaseSeconds = leaseSeconds
  }

  /** Creates the leases, and renews them from then on. */
  async start(names: readonly string[]): Promise<void> {
    const path = pathTo('leases', { namespace: NAMESPACE })
    await forEachParallel(names, PARALLEL, async (name) => {
      await this.#client.create(path, {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name, namespace: NAMESPACE },
        spec: {
          holderIdentity: name,
          leaseDurationSeconds: this.#leaseSeconds,
          ...renewal(),
        },
      })
    })
    this.#loop = this.#renewAll(names)
  }

  /** The node fails: its lease is not renewed any more. */
  stop(name: string): void {
    this.#stopped.add(name)
  }

  lastMs(name: string): number {
    return this.#last.get(name) ?? Number.NaN
  }

  async end(): Promise<void> {
    this.#ended = true
    await this.#loop
  }

  async #renewAll(names: readonly string[]): Promise<void> {
    const roundMs = (this.#leaseSeconds * 1000) / 2
    const size = Math.ceil((names.length * BATCH_MS) / roundMs)
    while (!this.#ended) {
      const began = performance.now()
      for (let at = 0; at < names.length && !this.#ended; at += size) {
        const due = began + (at / size) * BATCH_MS
        await sleep(Math.max(0, due - performance.now()))
        await forEachParallel(names.slice(at, at + size), PARALLEL, (name) => this.#renew(name))
      }
      this.longestRoundMs = Math.max(this.longestRoundMs, performance.now() - began)
    }
  }

  async #renew(name: string): Promise<void> {
    if (this.#stopped.has(name)) return
    const path = pathTo('leases', { namespace: NAMESPACE, name })
    await this.#client.patch(path, { spec: renewal() }, 'merge')
    this.#last.set(name, performance.now())
  }
}
