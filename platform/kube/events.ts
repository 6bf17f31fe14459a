import { setTimeout as sleep } from 'node:timers/promises'
import { log } from '../log.ts'
import type { KubeClient } from './client.ts'
import { ApiError, isStatus } from './errors.ts'
import {
  type EventText,
  eventNamespace,
  eventObject,
  type Regarding,
  type Reporter,
  seriesKey,
} from './event-object.ts'
import { eventsTotal } from './metrics.ts'
import { microTime } from './microtime.ts'
import { pathTo } from './paths.ts'

export type { EventText, Regarding }

export interface RecorderOptions extends Reporter {
  readonly client: KubeClient
  /** An occurrence this long after the last one is a new event. Default 10 min. */
  readonly seriesMs?: number
  /** A series is written at most this often. Default 30 s. */
  readonly patchMs?: number
}

interface Series {
  readonly regarding: Regarding
  readonly text: EventText
  /** Path of the stored event; undefined until it is. */
  path: string | undefined
  /** Occurrences so far, and how many of them are stored. */
  count: number
  stored: number
  lastTime: string
  lastMs: number
  writtenMs: number
  /** Waits in the queue to be written, or for its time to enter it. */
  pending: boolean
  timer: NodeJS.Timeout | undefined
}

/** Beyond it the oldest series are forgotten: their next occurrence is a new event. */
const MAX_SERIES = 2_000
/** Beyond it new events are dropped: an API server in trouble must not fill our memory. */
const MAX_QUEUE = 1_000
const MAX_ATTEMPTS = 4

/**
 * Kubernetes events about objects, for people who look at them. Never throws and never makes the
 * caller wait; repetitions become a count. Failures are counted in `edgenet_events_total`.
 */
export class EventRecorder {
  readonly #options: RecorderOptions
  readonly #seriesMs: number
  readonly #patchMs: number
  readonly #series = new Map<string, Series>()
  readonly #queue: Series[] = []
  readonly #abort = new AbortController()
  #sending: Promise<void> | undefined
  #stopped = false

  constructor(options: RecorderOptions) {
    this.#options = options
    this.#seriesMs = options.seriesMs ?? 600_000
    this.#patchMs = options.patchMs ?? 30_000
  }

  record(regarding: Regarding, text: EventText): void {
    if (this.#stopped) return
    try {
      this.#record(regarding, text)
    } catch (error) {
      eventsTotal.inc({ result: 'failed' })
      log.error('an event could not be recorded', { error })
    }
  }

  /** Writes what waits, also counts whose time has not come, for at most `graceMs`. */
  async stop(graceMs = 2_000): Promise<void> {
    this.#stopped = true
    for (const series of this.#series.values()) {
      if (series.timer !== undefined) this.#enqueue(series)
    }
    const timer = setTimeout(() => this.#abort.abort(), graceMs)
    await this.#sending
    clearTimeout(timer)
  }

  #record(regarding: Regarding, text: EventText): void {
    const key = seriesKey(regarding, text)
    const nowMs = performance.now()
    let series = this.#series.get(key)
    if (series === undefined || nowMs - series.lastMs > this.#seriesMs) {
      if (series !== undefined) this.#forget(key, series)
      if (this.#queue.length >= MAX_QUEUE) {
        eventsTotal.inc({ result: 'dropped' })
        return
      }
      series = newSeries(regarding, text)
    }
    // Re-inserted, so that the map's order is that of last use.
    this.#series.delete(key)
    this.#series.set(key, series)
    series.count++
    series.lastMs = nowMs
    series.lastTime = microTime()
    this.#schedule(series)
    this.#evict()
  }

  #schedule(series: Series): void {
    if (series.pending) return
    series.pending = true
    const waitMs = series.writtenMs + this.#patchMs - performance.now()
    if (waitMs <= 0) this.#enqueue(series)
    else {
      series.timer = setTimeout(() => this.#enqueue(series), waitMs)
      series.timer.unref()
    }
  }

  #enqueue(series: Series): void {
    clearTimeout(series.timer)
    series.timer = undefined
    this.#queue.push(series)
    this.#sending ??= this.#send()
  }

  async #send(): Promise<void> {
    for (let series = this.#queue.shift(); series !== undefined; series = this.#queue.shift()) {
      series.pending = false
      try {
        await this.#write(series)
      } catch (error) {
        eventsTotal.inc({ result: 'failed' })
        log.warn('an event could not be written', { event: series.text.reason, error })
      }
      // Occurrences that came while it was being written.
      if (series.count > series.stored && series.path !== undefined) this.#schedule(series)
    }
    // In the same step in which the queue was seen to be empty: what comes later must be sent anew.
    this.#sending = undefined
  }

  async #write(series: Series): Promise<void> {
    series.writtenMs = performance.now()
    const { count } = series
    if (series.path !== undefined && (await this.#patch(series, series.path))) {
      eventsTotal.inc({ result: 'repeated' })
    } else {
      series.path = await this.#create(series)
      eventsTotal.inc({ result: 'created' })
    }
    series.stored = count
  }

  /** False: the event is gone (they live for an hour), or nobody may change it. */
  async #patch(series: Series, path: string): Promise<boolean> {
    const body = { series: { count: series.count, lastObservedTime: series.lastTime } }
    const { client } = this.#options
    try {
      await this.#attempts(() =>
        client.patch(path, body, 'merge', undefined, { signal: this.#abort.signal }),
      )
      return true
    } catch (error) {
      if (isStatus(error, 404)) return false
      throw error
    }
  }

  async #create(series: Series): Promise<string> {
    const { regarding, text, count, lastTime } = series
    const object = eventObject(regarding, text, this.#options, lastTime)
    // Repetitions before the first write: the API server wants a series to count from 2.
    const body = count > 1 ? { ...object, series: { count, lastObservedTime: lastTime } } : object
    const namespace = eventNamespace(regarding)
    const { client } = this.#options
    await this.#attempts(() =>
      client.create(pathTo('events', { namespace }), body, undefined, {
        signal: this.#abort.signal,
      }),
    ).catch((error: unknown) => {
      // The name is random: it can only be our own first attempt, whose answer was lost.
      if (!isStatus(error, 409)) throw error
    })
    return pathTo('events', { namespace, name: object.metadata.name })
  }

  /** Repeats while the API server is away or in trouble; its refusals are final. */
  async #attempts(call: () => Promise<unknown>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await call()
        return
      } catch (error) {
        const refused = error instanceof ApiError && error.status < 500
        if (refused || attempt >= MAX_ATTEMPTS || this.#abort.signal.aborted) throw error
      }
      await sleep(500 * 2 ** attempt, undefined, { signal: this.#abort.signal })
    }
  }

  #evict(): void {
    if (this.#series.size <= MAX_SERIES) return
    for (const [key, series] of this.#series) {
      this.#forget(key, series)
      if (this.#series.size <= MAX_SERIES) return
    }
  }

  /** Its count is still written if that was waiting. */
  #forget(key: string, series: Series): void {
    this.#series.delete(key)
    if (series.timer !== undefined) this.#enqueue(series)
  }
}

function newSeries(regarding: Regarding, text: EventText): Series {
  return {
    regarding,
    text,
    path: undefined,
    count: 0,
    stored: 0,
    lastTime: '',
    lastMs: 0,
    // Long ago: the first occurrence is written at once.
    writtenMs: Number.NEGATIVE_INFINITY,
    pending: false,
    timer: undefined,
  }
}
