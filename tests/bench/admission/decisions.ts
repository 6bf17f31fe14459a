import { readFileSync, statSync } from 'node:fs'
import { readMetrics } from '../process.ts'

const BUCKET = 'edgenet_admission_seconds_bucket{le="0.005",hook="placement"}'
const COUNT = 'edgenet_admission_seconds_count{hook="placement"}'

/** What the webhooks themselves say of their decisions from a moment on: log and histogram. */
export class Decisions {
  readonly #ops: string
  readonly #log: string
  readonly #from: number
  readonly #before: { readonly count: number; readonly fast: number }

  private constructor(ops: string, log: string, before: { count: number; fast: number }) {
    this.#ops = ops
    this.#log = log
    this.#from = statSync(log).size
    this.#before = before
  }

  static async begin(ops: string, log: string): Promise<Decisions> {
    return new Decisions(ops, log, await totals(ops))
  }

  /** Milliseconds of each decision, and the share of them that the histogram counts below 5 ms. */
  async end(): Promise<{ readonly times: readonly number[]; readonly below5: number }> {
    const now = await totals(this.#ops)
    const count = now.count - this.#before.count
    const lines = readFileSync(this.#log).subarray(this.#from).toString().split('\n')
    const times = lines
      .filter((line) => line.includes('"decision"') && line.includes('"hook":"placement"'))
      .map((line) => (JSON.parse(line) as { ms: number }).ms)
    return { times, below5: (now.fast - this.#before.fast) / count }
  }
}

async function totals(ops: string) {
  const metrics = await readMetrics(ops)
  return { count: metrics.get(COUNT) ?? 0, fast: metrics.get(BUCKET) ?? 0 }
}
