/** What a running process says of itself. */
import { readFileSync } from 'node:fs'

/** Samples of /metrics by name and labels, as they stand there: `x{a="b"}`. */
export type Metrics = ReadonlyMap<string, number>

/** The timer that samples the event loop runs every 10 ms; its delay includes that. */
const SAMPLING_MS = 10

/** The operations port of a process of EdgeNet. */
export class Ops {
  readonly #url: string
  #longest = 0

  constructor(url: string) {
    this.#url = url
  }

  async metrics(): Promise<Metrics> {
    const answer = await fetch(`${this.#url}/metrics`)
    if (!answer.ok) throw new Error(`${this.#url}/metrics answers ${answer.status}`)
    const lines = (await answer.text()).split('\n').filter((line) => line && !line.startsWith('#'))
    const metrics = new Map(
      lines.map((line) => {
        const at = line.lastIndexOf(' ')
        return [line.slice(0, at), Number(line.slice(at + 1))]
      }),
    )
    // Each reading makes the process forget what it has seen so far.
    const lag = (metrics.get('nodejs_eventloop_lag_max_seconds') ?? 0) * 1000 - SAMPLING_MS
    this.#longest = Math.max(this.#longest, lag)
    return metrics
  }

  /**
   * The longest time in ms that the event loop was kept from its timers since this was asked last;
   * the first time: since the process began. On a busy machine that includes waiting for a core.
   */
  async longestBlock(): Promise<number> {
    await this.metrics()
    const longest = this.#longest
    this.#longest = 0
    return longest
  }
}

/** Resident memory in MB: now, and the most there was. */
export function memory(pid: number | undefined): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const mb = (name: string) =>
    Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1] ?? Number.NaN) / 1024
  return { now: mb('VmRSS'), peak: mb('VmHWM') }
}
