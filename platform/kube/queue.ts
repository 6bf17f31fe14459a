import { log } from '../log.ts'
import { queueAdds, queueDepth, queueRuns, queueSeconds } from './metrics.ts'
import { type Clock, Lanes, realClock } from './queue-state.ts'

/** Thrown by a handler: trying again is of no use until the key is added anew. */
export class TerminalError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'TerminalError'
  }
}

export interface QueueOptions {
  /** For logs and metrics, unique in the process. */
  readonly name: string
  /** A number: run again after that many milliseconds. Throwing: run again after a back-off. */
  // biome-ignore lint/suspicious/noConfusingVoidType: a handler without result is the common case
  handler(key: string, signal: AbortSignal): Promise<number | void>
  /** Keys of different lanes take turns (one lane for each namespace, say). Default: one lane. */
  laneOf?(key: string): string
  /** Handlers at a time, each of another key. Default 1. */
  readonly concurrency?: number
  /** Wait after a first failure, doubled for each further one. Default 5 ms. */
  readonly minBackoffMs?: number
  /** Default 60 s. */
  readonly maxBackoffMs?: number
  readonly clock?: Clock
}

/** A turn of the event loop starts no further handler after this time: most of a handler is one piece of work. */
const SLICE_MS = 10

/** Longer timers would fire at once (32 bits). A run that comes early does no harm. */
const MAX_TIMER_MS = 2 ** 31 - 1

interface Entry {
  state: 'ready' | 'delayed' | 'running'
  /** delayed: when it becomes ready. running: when to run again, if somebody asked meanwhile. */
  due: number | undefined
  timer: unknown
  /** Waits for another attempt after a failure, rather than for a time that was asked for. */
  retry: boolean
  failures: number
}

/**
 * Work by key. Laws: a key is handled by one handler at a time; however often it was added, it runs
 * once; whatever is added while its handler runs makes it run again after that. One time is kept per
 * key, the earliest: a handler that wants to be called later says so each time.
 */
export class WorkQueue {
  readonly #options: QueueOptions
  readonly #clock: Clock
  readonly #entries = new Map<string, Entry>()
  readonly #ready: Lanes
  readonly #abort = new AbortController()
  readonly #waiters: (() => void)[] = []
  #running = 0
  #retries = 0
  #pumping = false
  #stopped = false

  constructor(options: QueueOptions) {
    this.#options = options
    this.#clock = options.clock ?? realClock
    this.#ready = new Lanes(options.laneOf)
  }

  /** Keys that wait for a worker. */
  get depth(): number {
    return this.#ready.size
  }

  /** Runs the key soon (never within this call), even if it was to wait for a back-off. */
  add(key: string): void {
    this.#addAt(key, this.#clock.now(), false)
  }

  /** Runs the key in `ms` milliseconds, or when it was to run anyway, if that is earlier. */
  addAfter(key: string, ms: number): void {
    if (!Number.isFinite(ms)) throw new TypeError(`addAfter needs milliseconds, received ${ms}`)
    this.#addAt(key, this.#clock.now() + ms, false)
  }

  /** Resolves when no key runs, is ready, or waits for a retry. Keys that were added for later don't count. */
  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve()
    return new Promise((resolve) => this.#waiters.push(resolve))
  }

  /**
   * Starts nothing any more and lets running handlers finish; after `graceMs` their signal is aborted.
   * Resolves when all have returned. Waiting keys are dropped: whoever starts next lists everything anew.
   */
  async stop(graceMs = 5_000): Promise<void> {
    this.#stopped = true
    for (const [key, entry] of [...this.#entries]) {
      if (entry.state !== 'running') this.#drop(key, entry)
    }
    while (this.#ready.shift() !== undefined) {}
    queueDepth.set({ name: this.#options.name }, 0)
    const timer = this.#clock.setTimeout(() => this.#abort.abort(), graceMs)
    this.#settle()
    await this.idle()
    this.#clock.clearTimeout(timer)
    this.#abort.abort()
  }

  #addAt(key: string, due: number, retry: boolean): void {
    if (this.#stopped) return
    const entry = this.#entries.get(key) ?? this.#enter(key)
    if (entry.state === 'ready') return
    if (entry.due !== undefined && entry.due <= due) return
    entry.due = due
    if (entry.state === 'running') return
    this.#mark(entry, retry)
    this.#clock.clearTimeout(entry.timer)
    const ms = due - this.#clock.now()
    if (ms <= 0) this.#makeReady(key, entry)
    else {
      entry.timer = this.#clock.setTimeout(
        () => this.#makeReady(key, entry),
        Math.min(ms, MAX_TIMER_MS),
      )
    }
  }

  #enter(key: string): Entry {
    const entry: Entry = {
      state: 'delayed',
      due: undefined,
      timer: undefined,
      retry: false,
      failures: 0,
    }
    this.#entries.set(key, entry)
    return entry
  }

  #mark(entry: Entry, retry: boolean): void {
    if (entry.retry !== retry) this.#retries += retry ? 1 : -1
    entry.retry = retry
  }

  #makeReady(key: string, entry: Entry): void {
    this.#mark(entry, false)
    entry.state = 'ready'
    entry.due = undefined
    this.#ready.push(key)
    const { name } = this.#options
    queueAdds.inc({ name })
    queueDepth.set({ name }, this.#ready.size)
    this.#schedulePump()
  }

  /** One turn of the event loop later: a burst of events is taken as one, and `add` never re-enters. */
  #schedulePump(): void {
    if (this.#pumping) return
    this.#pumping = true
    setImmediate(() => {
      this.#pumping = false
      this.#pump()
    })
  }

  #pump(): void {
    const began = performance.now()
    while (this.#running < (this.#options.concurrency ?? 1)) {
      if (performance.now() - began > SLICE_MS) {
        this.#schedulePump()
        return
      }
      const key = this.#ready.shift()
      const entry = key === undefined ? undefined : this.#entries.get(key)
      if (key === undefined || entry === undefined) break
      queueDepth.set({ name: this.#options.name }, this.#ready.size)
      void this.#run(key, entry)
    }
    this.#settle()
  }

  async #run(key: string, entry: Entry): Promise<void> {
    const { name, handler } = this.#options
    entry.state = 'running'
    this.#running++
    const stopTimer = queueSeconds.startTimer({ name })
    try {
      const again = await handler(key, this.#abort.signal)
      this.#finish(key, entry, again ?? undefined)
    } catch (error) {
      this.#fail(key, entry, error)
    } finally {
      stopTimer()
      this.#running--
      // Not at once: handlers that need not wait for anything would keep the event loop to themselves.
      this.#schedulePump()
    }
  }

  #finish(key: string, entry: Entry, again: number | undefined): void {
    if (again !== undefined && !Number.isFinite(again)) {
      throw new TypeError(`the handler must give milliseconds, received ${again}`)
    }
    queueRuns.inc({ name: this.#options.name, result: again === undefined ? 'ok' : 'again' })
    entry.failures = 0
    this.#leave(key, entry, again, false)
  }

  #fail(key: string, entry: Entry, error: unknown): void {
    const { name, minBackoffMs = 5, maxBackoffMs = 60_000 } = this.#options
    if (error instanceof TerminalError) {
      queueRuns.inc({ name, result: 'dropped' })
      log.error('a key is given up', { queue: name, key, error })
      entry.failures = 0
      this.#leave(key, entry, undefined, false)
      return
    }
    queueRuns.inc({ name, result: 'retry' })
    const full = Math.min(maxBackoffMs, minBackoffMs * 2 ** entry.failures)
    entry.failures++
    // Between half of it and all of it: keys that failed together do not come back together.
    const waitMs = full * (0.5 + Math.random() / 2)
    log.warn('a key failed and will be tried again', { queue: name, key, waitMs, error })
    this.#leave(key, entry, waitMs, true)
  }

  /** Ends a run: the earlier of what the handler asked for and what others asked for meanwhile. */
  #leave(key: string, entry: Entry, waitMs: number | undefined, retry: boolean): void {
    const asked = entry.due
    entry.state = 'delayed'
    entry.due = undefined
    if (this.#stopped || (asked === undefined && waitMs === undefined)) {
      this.#drop(key, entry)
      return
    }
    if (waitMs !== undefined) this.#addAt(key, this.#clock.now() + waitMs, retry)
    if (asked !== undefined) this.#addAt(key, asked, false)
  }

  #drop(key: string, entry: Entry): void {
    this.#clock.clearTimeout(entry.timer)
    this.#mark(entry, false)
    this.#entries.delete(key)
  }

  #isIdle(): boolean {
    return this.#running === 0 && this.#ready.size === 0 && this.#retries === 0
  }

  #settle(): void {
    if (!this.#isIdle()) return
    for (const resolve of this.#waiters.splice(0)) resolve()
  }
}
