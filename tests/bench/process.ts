/** What a running process says of itself. */
import { readFileSync } from 'node:fs'

/** Sums of a histogram or counter of /metrics by `le` or the given label; lines of other metrics are left out. */
export type Metrics = ReadonlyMap<string, number>

/** Samples of /metrics by name and labels, as they stand there: `x{a="b"}`. */
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

/** The timer that samples the event loop runs every 10 ms; its delay includes that. */
const SAMPLING_MS = 10

/**
 * The longest time in ms that the event loop was blocked since this was asked last (reading starts
 * anew). The first answer of a process goes back to its start.
 */
export async function longestBlock(opsUrl: string): Promise<number> {
  const seconds = (await readMetrics(opsUrl)).get('nodejs_eventloop_lag_max_seconds') ?? Number.NaN
  return Math.max(0, seconds * 1000 - SAMPLING_MS)
}

/** Resident memory in MB: now, and the most there was. */
export function memory(pid: number | undefined): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const mb = (name: string) =>
    Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1] ?? Number.NaN) / 1024
  return { now: mb('VmRSS'), peak: mb('VmHWM') }
}
