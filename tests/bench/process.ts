/** What a running process says of itself. */
import { readFileSync } from 'node:fs'

/** Samples of /metrics by name and labels, as they stand there: `x{a="b"}`. */
export type Metrics = ReadonlyMap<string, number>

/** The timer that samples the event loop runs every 10 ms; its delay includes that. */
const SAMPLING_MS = 10

export async function readMetrics(opsUrl: string): Promise<Metrics> {
  const answer = await fetch(`${opsUrl}/metrics`)
  if (!answer.ok) throw new Error(`${opsUrl}/metrics answers ${answer.status}`)
  const lines = (await answer.text()).split('\n').filter((line) => line && !line.startsWith('#'))
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ')
      return [line.slice(0, at), Number(line.slice(at + 1))]
    }),
  )
}

const blockOf = (metrics: Metrics): number =>
  Math.max(0, (metrics.get('nodejs_eventloop_lag_max_seconds') ?? 0) * 1000 - SAMPLING_MS)

/**
 * The longest time in ms that the event loop was kept from its timers since the process was read last
 * (each reading of its metrics starts anew); the first time: since it began. On a busy machine that
 * includes waiting for a core.
 */
export const longestBlock = async (opsUrl: string): Promise<number> =>
  blockOf(await readMetrics(opsUrl))

/** The operations port of a process of EdgeNet, where blocks are looked for over several readings. */
export class Ops {
  readonly #url: string
  #longest = 0

  constructor(url: string) {
    this.#url = url
  }

  async metrics(): Promise<Metrics> {
    const metrics = await readMetrics(this.#url)
    this.#longest = Math.max(this.#longest, blockOf(metrics))
    return metrics
  }

  /** See the function; but since this was asked last, whatever was read meanwhile. */
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
