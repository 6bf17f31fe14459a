/**
 * `npm run cluster`: a cluster with fake nodes all over the world and EdgeNet on it, in the foreground.
 * Prints one line `KUBECONFIG=<path>` on stdout when all is ready; progress goes to stderr. Ctrl-C
 * removes everything.
 */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { startEdgenet } from './edgenet.ts'
import { readNodes, startTestbed } from './index.ts'

const USAGE = `usage: npm run cluster -- [options]
  --nodes FILE.csv   fake nodes: name,lat,lon,country,state,city,continent,address
                     (default: about 45 in real places)
  --no-edgenet       only the control plane; nodes are labelled from the beginning
  --lease SECONDS    how long a node's lease is valid (default 40)
  --pod-start SECONDS, --pod-stop SECONDS
                     how long fake pods take to start (3) and to end (2)
  --kubeconfig FILE  no control plane: EdgeNet alone, against the cluster of this kubeconfig
  --host ADDRESS     how that cluster's API server reaches this machine (default 127.0.0.1)
`

interface Options {
  readonly nodes?: string | undefined
  readonly edgenet: boolean
  readonly kubeconfig?: string | undefined
  readonly host?: string | undefined
  readonly lease: number
  readonly podStart: number
  readonly podStop: number
}

/** Something to be ended, the last started first. */
type Cleanup = () => Promise<void>

const say = (text: string): boolean => process.stderr.write(`${text}\n`)

function seconds(value: string | undefined, option: string, fallback: number): number {
  if (value === undefined) return fallback
  const number = Number(value)
  if (Number.isFinite(number) && number >= 0) return number
  throw new TypeError(`--${option} wants a number of seconds, not "${value}"`)
}

function readOptions(args: string[]): Options | undefined {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const { values } = parseArgs({
    args,
    options: {
      ...{ nodes: text, lease: text, kubeconfig: text, 'pod-start': text, 'pod-stop': text },
      ...{ 'no-edgenet': flag, help: flag, host: text },
    },
  })
  if (values.help) return undefined
  const options = {
    nodes: values.nodes,
    edgenet: !values['no-edgenet'],
    kubeconfig: values.kubeconfig,
    host: values.host,
    lease: seconds(values.lease, 'lease', 40),
    podStart: seconds(values['pod-start'], 'pod-start', 3),
    podStop: seconds(values['pod-stop'], 'pod-stop', 2),
  }
  if (!Number.isInteger(options.lease) || options.lease < 1) {
    throw new TypeError('--lease wants a whole number of seconds, 1 or more')
  }
  if (options.kubeconfig !== undefined && (!options.edgenet || options.nodes !== undefined)) {
    throw new TypeError(
      '--kubeconfig runs EdgeNet alone: it goes with neither --no-edgenet nor --nodes',
    )
  }
  return options
}

/** Starts what is wanted; `cleanups` grows with each part. Resolves with the kubeconfig's path. */
async function start(options: Options, cleanups: Cleanup[]): Promise<string> {
  let kubeconfig = options.kubeconfig && resolve(options.kubeconfig)
  if (kubeconfig === undefined) {
    say('starting the control plane')
    const { lease, podStart, podStop, edgenet } = options
    const nodes = options.nodes === undefined ? 'world' : readNodes(options.nodes)
    const bed = await startTestbed({
      nodes,
      leaseSeconds: lease,
      podStart,
      podStop,
      label: !edgenet,
    })
    cleanups.push(() => bed.stop())
    kubeconfig = bed.kubeconfig
  }
  if (options.edgenet) {
    say('starting EdgeNet')
    const { host } = options
    const edgenet = await startEdgenet({
      kubeconfig,
      log: say,
      ...(host !== undefined && { host }),
    })
    cleanups.push(() => edgenet.stop())
  }
  return kubeconfig
}

function parentOf(pid: number): string | undefined {
  try {
    return /^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  } catch {
    return undefined
  }
}

/** Resolves at Ctrl-C, SIGTERM, or when the npm that started us is gone. */
function ending(): Promise<void> {
  return new Promise((resolveEnd) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => resolveEnd())
    }
    // A killed npm leaves its script behind, with a shell in between; a shell's `&` is meant to.
    if (process.env['npm_lifecycle_event'] === undefined) return
    const [parent, npm] = [process.ppid, parentOf(process.ppid)]
    const orphaned = () => process.ppid !== parent || parentOf(parent) !== npm
    const timer = setInterval(() => orphaned() && resolveEnd(), 500)
    timer.unref()
  })
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2))
  if (options === undefined) {
    process.stdout.write(USAGE)
    return
  }
  const ended = ending()
  const cleanups: Cleanup[] = []
  const started = start(options, cleanups)
  // An end during the start must not wait for it: what runs dies with this process anyway.
  started.catch(() => {})
  try {
    const kubeconfig = await Promise.race([started, ended.then(() => undefined)])
    if (kubeconfig === undefined) return
    process.stdout.write(`KUBECONFIG=${kubeconfig}\n`)
    const alive = setInterval(() => {}, 60_000)
    await ended
    clearInterval(alive)
  } finally {
    say('removing everything')
    for (const cleanup of cleanups.reverse()) await cleanup()
  }
}

try {
  await main()
  process.exit(0)
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  if (error instanceof TypeError) say(USAGE)
  process.exit(1)
}
