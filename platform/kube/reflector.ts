import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { KubeObject } from '../../core/admission/types.ts'
import { log } from '../log.ts'
import { Backoff, type BackoffOptions } from './backoff.ts'
import type { KubeClient, Query } from './client.ts'
import { ApiError, TransportError } from './errors.ts'
import { reflectorErrors, reflectorRelists, trackContact } from './metrics.ts'
import { keyOf, Store, type StoreOptions } from './store.ts'
import { needsRelist, parseWatchLine, wentBack } from './watch-event.ts'
import { Watchdog } from './watchdog.ts'

export interface ReflectorOptions<T> extends StoreOptions<T> {
  readonly client: KubeClient
  /** Of a collection. */
  readonly path: string
  /** Selectors. */
  readonly query?: Query
  /** Silence after which a watch is given up. Bookmarks come about once a minute. */
  readonly idleMs?: number
  readonly backoff?: BackoffOptions
  /** After this time the API server ends a watch, and another begins. Default: 290 to 580, random. */
  readonly watchSeconds?: number
  /** Called before a list from a store that has gone back in time: versions seen before mean nothing. */
  onRewind?(): void
}

/** A watch that ended sooner than this and brought nothing is a failure, however clean its end. */
const SHORT_WATCH_MS = 1_000

/**
 * Mirrors a collection of the API server: a list, then a watch for ever. `items` may be late but ends
 * up right: after every gap a new list is compared, so deletes that were missed become deletes.
 */
export class Reflector<T> {
  readonly #options: ReflectorOptions<T>
  readonly #store: Store<T>
  readonly #backoff: Backoff
  readonly #stopping = new AbortController()
  readonly #firstSync = Promise.withResolvers<void>()
  #running: Promise<void> | undefined
  #synced = false
  #resourceVersion: string | undefined
  /** The latest version seen, also while a new list is needed. */
  #reached = ''
  /** The last watch broke: much may have happened to the API server meanwhile. */
  #broken = false
  #lastContactMs = performance.now()
  #untrack: () => void = () => {}

  constructor(options: ReflectorOptions<T>) {
    this.#options = options
    this.#store = new Store(options)
    this.#backoff = new Backoff(options.backoff ?? { minMs: 800, maxMs: 30_000 })
    this.#firstSync.promise.catch(() => {})
  }

  get name(): string {
    return this.#options.name
  }

  /** Projections by `namespace/name` or `name`. */
  get items(): ReadonlyMap<string, T> {
    return this.#store.items
  }

  /** Whether a first list is complete. Stays true while the watch is being mended: see lastContactMs. */
  get synced(): boolean {
    return this.#synced
  }

  /** performance.now() at the last byte from the API server; before it, at start. */
  get lastContactMs(): number {
    return this.#lastContactMs
  }

  /** Up to where `items` is known to be right; undefined while a list is needed. */
  get resourceVersion(): string | undefined {
    return this.#resourceVersion
  }

  /** Resolves after the first complete list; rejects when stopped before it or by the signal. */
  async whenSynced(signal?: AbortSignal): Promise<void> {
    if (signal === undefined) return this.#firstSync.promise
    signal.throwIfAborted()
    const aborted = Promise.withResolvers<never>()
    const onAbort = (): void => aborted.reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      await Promise.race([this.#firstSync.promise, aborted.promise])
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  start(): void {
    if (this.#running !== undefined || this.#stopping.signal.aborted) return
    this.#contact()
    this.#untrack = trackContact(this.name, () => (performance.now() - this.#lastContactMs) / 1000)
    this.#running = this.#run()
  }

  /** Resolves when nothing of it runs any more; `items` stays as it is. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#untrack()
    this.#firstSync.reject(new Error(`reflector ${this.name} was stopped`))
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        if (this.#broken) await this.#compareVersions()
        if (this.#resourceVersion === undefined) await this.#list()
        await this.#watch()
      } catch (error) {
        if (!signal.aborted) await this.#recover(error)
      }
    }
  }

  /**
   * A watch from a version that the store has not reached yet is accepted, and silent until it has: a
   * store that was restored from a backup would go unnoticed. So the present version is asked for.
   */
  async #compareVersions(): Promise<void> {
    const { client, path, query, name } = this.#options
    const { signal } = this.#stopping
    const ours = this.#resourceVersion
    if (ours !== undefined) {
      for await (const page of client.list(path, { ...query, limit: 1 }, { signal })) {
        this.#contact()
        if (!wentBack(page.resourceVersion, ours)) break
        const theirs = page.resourceVersion
        log.warn('the store has gone back in time', { reflector: name, ours, theirs })
        this.#resourceVersion = undefined
        break
      }
    }
    this.#broken = false
  }

  async #list(): Promise<void> {
    const { client, path, query, name } = this.#options
    const { signal } = this.#stopping
    reflectorRelists.inc({ name })
    const seen = new Set<string>()
    let resourceVersion = ''
    for await (const page of client.list<KubeObject>(path, query, { signal })) {
      this.#contact()
      if (wentBack(page.resourceVersion, this.#reached)) this.#rewind()
      for (const object of page.items) seen.add(this.#store.put(object))
      resourceVersion = page.resourceVersion
      // A long list must not hold up what else the process does.
      await nextTurn()
    }
    this.#store.retain(seen)
    this.#reach(resourceVersion)
    this.#synced = true
    this.#firstSync.resolve()
  }

  /** Returns on a clean end of the watch. */
  async #watch(): Promise<void> {
    const startedMs = performance.now()
    let lines = 0
    for await (const line of this.#lines()) {
      this.#take(line)
      if (lines++ === 0) this.#backoff.reset()
    }
    if (performance.now() - startedMs >= SHORT_WATCH_MS) this.#backoff.reset()
    else if (lines === 0) throw new TransportError('ESHORT', 'the watch ended at once')
  }

  async *#lines(): AsyncGenerator<string, void, undefined> {
    const { client, path, query, idleMs = 80_000 } = this.#options
    const watchQuery = {
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion: this.#resourceVersion,
      timeoutSeconds: this.#options.watchSeconds ?? randomWatchSeconds(),
    }
    const watch = new AbortController()
    const onStop = (): void => watch.abort(this.#stopping.signal.reason)
    const watchdog = new Watchdog(idleMs, () => {
      client.dropIdleConnections()
      watch.abort(new TransportError('ESILENT', `no byte for ${idleMs} ms`))
    })
    this.#stopping.signal.addEventListener('abort', onStop, { once: true })
    try {
      yield* client.stream(
        path,
        { ...query, ...watchQuery },
        {
          signal: watch.signal,
          onBytes: () => {
            watchdog.touch()
            this.#contact()
          },
        },
      )
    } finally {
      watchdog.stop()
      this.#stopping.signal.removeEventListener('abort', onStop)
    }
  }

  #take(line: string): void {
    const { type, object } = parseWatchLine(line, `watch ${this.#options.path}`)
    if (type === 'DELETED') this.#store.remove(keyOf(object))
    else if (type !== 'BOOKMARK') this.#store.put(object)
    this.#reach(object.metadata.resourceVersion ?? this.#resourceVersion)
  }

  #reach(version: string | undefined): void {
    this.#resourceVersion = version
    this.#reached = version ?? this.#reached
  }

  #rewind(): void {
    this.#reached = ''
    this.#options.onRewind?.()
  }

  async #recover(error: unknown): Promise<void> {
    const { name } = this.#options
    const relist = needsRelist(error)
    if (relist) this.#resourceVersion = undefined
    this.#broken = true
    reflectorErrors.inc({ name })
    const retryAfter = error instanceof ApiError ? error.retryAfterSeconds : undefined
    const first = this.#backoff.failures === 0
    const waitMs = this.#backoff.next(retryAfter)
    log.warn('a watch ended with an error', { reflector: name, relist, waitMs, error })
    // A version that is too old is no sign of trouble: the first new list is made at once.
    if (relist && first) return
    const { signal } = this.#stopping
    await sleep(waitMs, undefined, { signal }).catch(() => {})
  }

  #contact(): void {
    this.#lastContactMs = performance.now()
  }
}

/** Spread, so that not all watches of all processes end and begin together. */
const randomWatchSeconds = (): number => 290 + Math.floor(Math.random() * 290)
