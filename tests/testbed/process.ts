import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Probe, probe } from './probe.ts'
import { until } from './until.ts'
import { MARK } from './watchdog.ts'

/** What is started, as data: whoever can read the bed's folder can stop and start it. */
export interface ProcessSpec {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Answers when it works. Without it, it counts as ready once it runs. */
  readonly ready?: Probe
  /** How long it may take to end after SIGTERM, in milliseconds, before it gets SIGKILL. Default 10 s. */
  readonly stopMs?: number
}

/** A component of a bed under control. Each promise resolves when the effect is there. */
export interface Control {
  /** Undefined while it does not run. */
  pid(): number | undefined
  /** Starts it if it does not run and waits until it is ready. */
  start(): Promise<void>
  /** SIGTERM, and SIGKILL after a time. */
  stop(): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
  /** SIGSTOP: it keeps its connections and answers nothing. */
  pause(): Promise<void>
  /** SIGCONT. */
  resume(): Promise<void>
  /** Stop and start. */
  restart(): Promise<void>
}

const STOP_MS = 10_000
const READY_MS = 60_000

/** Writes its own pid before it becomes the program: no moment without a record. */
const WRAPPER = 'echo $$ >"$0" || exit 1; exec "$@"'

/** Process state from /proc (R, S, T, Z …); undefined if it has ended or is not of this bed. */
function stateOf(pid: number, dir: string): string | undefined {
  try {
    const environ = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const state = stat.slice(stat.lastIndexOf(')') + 2).charAt(0)
    if (state === 'Z' || state === 'X') return undefined
    // In the middle of exec a process has no environment for a moment; so has no other of ours.
    const ours = environ.includes(`${MARK}=${dir}`) || environ.every((text) => text === '')
    return ours ? state : undefined
  } catch {
    return undefined
  }
}

/** Controls one process of a bed by its pid file, from the owner or from any other process. */
export class ManagedProcess implements Control {
  readonly #dir: string
  readonly #spec: ProcessSpec

  constructor(dir: string, spec: ProcessSpec) {
    this.#dir = dir
    this.#spec = spec
  }

  get logFile(): string {
    return join(this.#dir, 'log', `${this.#spec.name}.log`)
  }

  pid(): number | undefined {
    try {
      const pid = Number(readFileSync(this.#pidFile, 'utf8'))
      return stateOf(pid, this.#dir) === undefined ? undefined : pid
    } catch {
      return undefined
    }
  }

  async start(): Promise<void> {
    if (this.pid() === undefined) await this.#spawn()
    const { ready, name } = this.#spec
    if (ready === undefined) return
    await until(
      async () => {
        if (this.pid() === undefined) return { failed: true }
        return (await probe(ready)) && { failed: false }
      },
      { timeoutMs: READY_MS, everyMs: 25, what: `${name} to be ready` },
    ).then(
      ({ failed }) => {
        if (failed) throw new Error(`${name} has ended: ${this.logTail()}`)
      },
      (error: Error) => {
        throw new Error(`${error.message}: ${this.logTail()}`)
      },
    )
  }

  async stop(): Promise<void> {
    if (!this.#signal('SIGTERM')) return
    this.#signal('SIGCONT')
    try {
      await this.#gone(this.#spec.stopMs ?? STOP_MS)
    } catch {
      await this.kill()
    }
  }

  async kill(): Promise<void> {
    if (this.#signal('SIGKILL')) await this.#gone(STOP_MS)
  }

  async pause(): Promise<void> {
    this.#must('SIGSTOP')
    const stopped = () => ['T', 't'].includes(this.#state() ?? '')
    await until(stopped, { everyMs: 5, timeoutMs: 5000, what: `${this.#spec.name} to be paused` })
  }

  async resume(): Promise<void> {
    this.#must('SIGCONT')
    const runs = () => this.#state() !== 'T'
    await until(runs, { everyMs: 5, timeoutMs: 5000, what: `${this.#spec.name} to be resumed` })
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  /** The end of its log, for messages. */
  logTail(): string {
    try {
      return `\n${readFileSync(this.logFile, 'utf8').slice(-2000)}`
    } catch {
      return '(no log)'
    }
  }

  get #pidFile(): string {
    return join(this.#dir, 'run', `${this.#spec.name}.pid`)
  }

  #state(): string | undefined {
    const pid = this.pid()
    return pid === undefined ? undefined : stateOf(pid, this.#dir)
  }

  async #spawn(): Promise<void> {
    const { command, args, env } = this.#spec
    rmSync(this.#pidFile, { force: true })
    const log = openSync(this.logFile, 'a')
    // Detached: a Ctrl-C in the terminal reaches the owner alone, which then ends the bed in order.
    const child = spawn('sh', ['-c', WRAPPER, this.#pidFile, command, ...args], {
      cwd: this.#dir,
      env: { ...process.env, ...env, [MARK]: this.#dir },
      stdio: ['ignore', log, log],
      detached: true,
    })
    closeSync(log)
    child.unref()
    if (child.pid === undefined) await once(child, 'spawn')
    await until(() => this.pid() !== undefined || child.exitCode !== null, {
      everyMs: 5,
      timeoutMs: 5000,
      what: `${this.#spec.name} to be started`,
    })
  }

  #signal(signal: NodeJS.Signals): boolean {
    const pid = this.pid()
    if (pid === undefined) return false
    process.kill(pid, signal)
    return true
  }

  #must(signal: NodeJS.Signals): void {
    if (!this.#signal(signal)) throw new Error(`${this.#spec.name} does not run`)
  }

  async #gone(timeoutMs: number): Promise<void> {
    const gone = () => this.pid() === undefined
    await until(gone, { everyMs: 10, timeoutMs, what: `${this.#spec.name} to end` })
    rmSync(this.#pidFile, { force: true })
  }
}
