import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { withLock } from './lock.ts'
import { kubernetesVersion, PROGRAMS, type Program, recipe } from './pins.ts'

/** Where Go's own installer puts it; often not in the PATH of a non-login shell. */
const GO_INSTALLED = '/usr/local/go/bin/go'
/** A line of progress at least this often, for logs; a terminal is refreshed each second. */
const QUIET_SECONDS = 20

const say = (text: string): boolean => process.stderr.write(text)
const since = (start: number): string => `${Math.round((Date.now() - start) / 1000)} s`

/** Shows that something is going on until the returned function is called. */
function progress(label: string): (end: string) => void {
  const start = Date.now()
  const terminal = process.stderr.isTTY
  say(terminal ? `${label} …` : `${label} …\n`)
  const tick = () => say(terminal ? `\r${label} … ${since(start)}` : `${label} … ${since(start)}\n`)
  const timer = setInterval(tick, terminal ? 1000 : QUIET_SECONDS * 1000)
  return (end) => {
    clearInterval(timer)
    say(`${terminal ? '\r' : ''}${label}: ${end} after ${since(start)}\n`)
  }
}

interface Ended {
  readonly code: number | null
  readonly output: string
}

function run(command: string, args: readonly string[], cwd: string): Promise<Ended> {
  // The user's GOFLAGS (-mod=vendor …) must not change what is built; go.sum is complete.
  const env = { ...process.env, GOFLAGS: '', GOWORK: 'off', CGO_ENABLED: '0' }
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const end = () => child.kill()
    process.once('exit', end)
    child.on('close', () => process.off('exit', end))
    let output = ''
    const take = (chunk: Buffer) => {
      output += chunk.toString()
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, output }))
  })
}

async function findGo(): Promise<string> {
  for (const command of ['go', ...(existsSync(GO_INSTALLED) ? [GO_INSTALLED] : [])]) {
    const found = await run(command, ['version'], '/').catch(() => undefined)
    if (found?.code === 0) return command
  }
  throw new Error(
    'the test bed builds its control plane with Go, and there is no `go` in PATH: install Go 1.26 or ' +
      'newer (https://go.dev/dl), or set KUBEBUILDER_ASSETS to a folder with ' +
      `${PROGRAMS.join(', ')} of Kubernetes ${kubernetesVersion()}`,
  )
}

async function buildOne(go: string, program: Program, folder: string): Promise<void> {
  const done = progress(`[${PROGRAMS.indexOf(program) + 1}/${PROGRAMS.length}] ${program}`)
  const { cwd, args } = recipe(program, folder)
  const { code, output } = await run(go, args, cwd)
  done(code === 0 ? 'built' : 'FAILED')
  if (code !== 0) throw new Error(`go could not build ${program}:\n${output.slice(-4000)}`)
}

/** What builds that were killed have left. Only the holder of the lock may call it. */
function removeLeftovers(folder: string): void {
  for (const name of readdirSync(dirname(folder))) {
    if (name.startsWith(`${basename(folder)}.part-`)) {
      rmSync(join(dirname(folder), name), { recursive: true, force: true })
    }
  }
}

/**
 * Builds all programs into `folder`, which appears by a rename once it is whole. Only one build runs
 * at a time; who comes second waits and finds it done. Go's own build cache makes a second try after a
 * failure quick.
 */
export async function buildInto(folder: string): Promise<void> {
  const waiting = (pid: number | undefined) =>
    say(`another build is running (pid ${pid ?? 'unknown'}): waiting for it\n`)
  await withLock(`${folder}.lock`, waiting, async () => {
    if (existsSync(folder)) return
    const go = await findGo()
    removeLeftovers(folder)
    const part = `${folder}.part-${process.pid}`
    mkdirSync(part, { recursive: true })
    say(`building the control plane, about 10 minutes on 2 cores, once: ${folder}\n`)
    try {
      for (const program of PROGRAMS) await buildOne(go, program, part)
      renameSync(part, folder)
    } finally {
      rmSync(part, { recursive: true, force: true })
    }
  })
}
