import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { log } from '../log.ts'
import type { KubeClient } from './client.ts'
import { type Holding, LeaseClient } from './lease-client.ts'
import { leader } from './metrics.ts'

export interface ElectionState {
  readonly leading: boolean
  /** Who holds the lease, as last seen; empty: nobody. */
  readonly holder: string
}

export interface ElectionOptions {
  readonly client: KubeClient
  readonly namespace: string
  readonly name: string
  /** Of this process, for people; a random part is added, so that two processes never share one. */
  readonly identity: string
  /** Stops the candidacy; a leader hands over as soon as `lead` has returned. */
  readonly signal: AbortSignal
  /** The work of the leader. It must return soon after its signal is aborted. */
  lead(signal: AbortSignal): Promise<void>
  /** How long others respect a lease that is not renewed. Default 15. */
  readonly leaseSeconds?: number
  /** Without a successful renewal for this long, leading ends. Default 10; less than leaseSeconds. */
  readonly renewSeconds?: number
  /** Between two attempts to acquire or renew. Default 2. */
  readonly retrySeconds?: number
  onChange?(state: ElectionState): void
}

/** `stopped`: by the signal. `lost`: not renewed in time. `done`: `lead` returned by itself. */
export type ElectionEnd = 'stopped' | 'lost' | 'done'

/**
 * Waits until the lease is ours, leads, and resolves when that is over; the process should then exit.
 * Leading ends `leaseSeconds - renewSeconds` before anybody else may begin, counted on monotonic
 * clocks from the moment before the last successful renewal was sent. Rejects when `lead` rejects.
 */
export async function runElected(options: ElectionOptions): Promise<ElectionEnd> {
  const candidate = new Candidate(options)
  return (await candidate.acquire()) ? candidate.lead() : 'stopped'
}

class Candidate {
  readonly #options: ElectionOptions
  readonly #lease: LeaseClient
  readonly #leaseMs: number
  readonly #renewMs: number
  readonly #retryMs: number
  #leading = false
  #told = ''
  /** performance.now() just before the last successful write was sent. */
  #renewedMs = 0

  constructor(options: ElectionOptions) {
    const { leaseSeconds = 15, renewSeconds = 10, retrySeconds = 2 } = options
    if (!(retrySeconds > 0 && retrySeconds < renewSeconds && renewSeconds < leaseSeconds)) {
      throw new TypeError('a lease needs 0 < retrySeconds < renewSeconds < leaseSeconds')
    }
    this.#options = options
    this.#leaseMs = leaseSeconds * 1000
    this.#renewMs = renewSeconds * 1000
    this.#retryMs = retrySeconds * 1000
    const identity = `${options.identity}_${randomUUID()}`
    this.#lease = new LeaseClient({ ...options, identity, leaseSeconds })
  }

  /** False: the signal came first. */
  async acquire(): Promise<boolean> {
    const { signal } = this.#options
    let holding: Holding = 'other'
    while (!signal.aborted) {
      holding = await this.#attempt()
      if (holding === 'held') break
      // A fifth of jitter: candidates that started together should not always meet.
      await pause(this.#retryMs * (1 + Math.random() / 5), signal)
    }
    if (!signal.aborted) return true
    if (holding !== 'other') await this.#release()
    return false
  }

  async lead(): Promise<ElectionEnd> {
    const { signal, lead } = this.#options
    const work = new AbortController()
    // Ends the renewals: the work has returned, or the lease is lost.
    const over = new AbortController()
    let lost = false
    const onStop = (): void => work.abort(new Error('asked to stop'))
    const onLost = (): void => {
      lost = true
      work.abort(new Error('the lease was not renewed in time'))
      over.abort()
    }
    signal.addEventListener('abort', onStop, { once: true })
    if (signal.aborted) onStop()
    this.#setLeading(true)
    const working = runWork(lead, work.signal).finally(() => over.abort())
    working.catch(() => {})
    try {
      await this.#renewUntil(over.signal, onLost)
      if (!lost) await working
      else await Promise.race([working, pause(this.#leftMs(this.#leaseMs))])
      return lost ? 'lost' : signal.aborted ? 'stopped' : 'done'
    } finally {
      signal.removeEventListener('abort', onStop)
      if (!lost) await this.#release()
      this.#setLeading(false)
    }
  }

  /** Also while the work is asked to stop: it may still write until it has returned. */
  async #renewUntil(over: AbortSignal, onLost: () => void): Promise<void> {
    // A timer, because a renewal may hang longer than the time that is left.
    let alarm = setTimeout(onLost, this.#leftMs(this.#renewMs))
    while (!over.aborted) {
      await pause(this.#retryMs, over)
      if (over.aborted) break
      const holding = await this.#attempt()
      if (holding === 'other') onLost()
      if (holding !== 'held' || over.aborted) continue
      clearTimeout(alarm)
      alarm = setTimeout(onLost, this.#leftMs(this.#renewMs))
    }
    clearTimeout(alarm)
  }

  /** Milliseconds until `ms` after the last successful renewal was sent. */
  #leftMs(ms: number): number {
    return Math.max(0, this.#renewedMs + ms - performance.now())
  }

  async #attempt(): Promise<Holding> {
    const sentMs = performance.now()
    try {
      // A third: a connection that hangs must leave time for another attempt.
      const holding = await this.#lease.tryHold(this.#renewMs / 3)
      if (holding === 'held') this.#renewedMs = sentMs
      this.#tell()
      return holding
    } catch (error) {
      log.warn('the lease could not be read or written', { lease: this.#options.name, error })
      return 'unsure'
    }
  }

  async #release(): Promise<void> {
    try {
      await this.#lease.giveUp(this.#renewMs / 3)
    } catch (error) {
      log.warn('the lease could not be released', { lease: this.#options.name, error })
    }
  }

  #setLeading(leading: boolean): void {
    this.#leading = leading
    leader.set({ name: this.#options.name }, leading ? 1 : 0)
    this.#tell()
  }

  #tell(): void {
    const state = { leading: this.#leading, holder: this.#lease.holder }
    const text = JSON.stringify(state)
    if (text === this.#told) return
    this.#told = text
    try {
      this.#options.onChange?.(state)
    } catch (error) {
      log.error('onChange of an election failed', { lease: this.#options.name, error })
    }
  }
}

/** Waits; an abort only ends the wait. */
async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => {})
}

/** Once it was told to stop, an exception of the work means no more than that it did. */
async function runWork(
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  try {
    await lead(signal)
  } catch (error) {
    if (!signal.aborted) throw error
    log.debug('the work of a leader ended with an exception', { error })
  }
}
