import { readFileSync, statSync } from 'node:fs'
import type { Ops } from '../process.ts'

const BUCKET = 'edgenet_admission_seconds_bucket{le="0.005",hook="placement"}'
const COUNT = 'edgenet_admission_seconds_count{hook="placement"}'

interface Totals {
  readonly count: number
  readonly fast: number
  readonly cpuSeconds: number
}

export interface Decided {
  /** Milliseconds of each decision, by the log: from the parsed request to the rendered answer. */
  readonly times: readonly number[]
  /** The share of them that the histogram counts below 5 ms. */
  readonly below5: number
  /** CPU time of the whole process for each request, in ms: what a busy machine does not change. */
  readonly cpuMs: number
}

interface LogLine {
  readonly message: string
  readonly fields: { readonly hook?: string; readonly ms?: number }
}

/** What the webhooks themselves say of their decisions from a moment on. */
export class Decisions {
  readonly #ops: Ops
  readonly #log: string
  readonly #from: number
  readonly #before: Totals

  private constructor(ops: Ops, log: string, before: Totals) {
    this.#ops = ops
    this.#log = log
    this.#from = statSync(log).size
    this.#before = before
  }

  static async begin(ops: Ops, log: string): Promise<Decisions> {
    return new Decisions(ops, log, await totals(ops))
  }

  async end(): Promise<Decided> {
    const { count, fast, cpuSeconds } = await totals(this.#ops)
    const asked = count - this.#before.count
    return {
      times: this.#times(),
      below5: (fast - this.#before.fast) / asked,
      cpuMs: ((cpuSeconds - this.#before.cpuSeconds) * 1000) / asked,
    }
  }

  #times(): number[] {
    const lines = readFileSync(this.#log).subarray(this.#from).toString().split('\n')
    return lines
      .filter((line) => line.includes('"decision"'))
      .map((line) => (JSON.parse(line) as LogLine).fields)
      .flatMap(({ hook, ms }) => (hook === 'placement' && ms !== undefined ? [ms] : []))
  }
}

async function totals(ops: Ops): Promise<Totals> {
  const metrics = await ops.metrics()
  return {
    count: metrics.get(COUNT) ?? 0,
    fast: metrics.get(BUCKET) ?? 0,
    cpuSeconds: metrics.get('process_cpu_seconds_total') ?? 0,
  }
}
