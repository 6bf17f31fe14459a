/** The tutorial and the how-to pages, command by command, on the cluster that the tutorial starts. */
import { spawn } from 'node:child_process'
import { dirname } from 'node:path'
import t, { type Test } from 'tap'
import { findBinaries } from '../testbed/binaries.ts'
import { until } from '../testbed/until.ts'
import { blocksOf, ROOT, textOf } from './markdown.ts'
import { missingLine, type Step, stepsOf, tryStep } from './shell.ts'

const TUTORIAL = 'docs/tutorial/first-placement.md'
const PAGES = [
  'docs/how-to/place.md',
  'docs/how-to/preview.md',
  'docs/how-to/locate.md',
  'docs/how-to/read-a-placement.md',
  'docs/how-to/remove.md',
  'docs/reference/labels.md',
]

t.test('what counts as the same output', async (t) => {
  const output = 'Warning: 6 nodes\nNAME      AGE\nhello-x   3s\n'
  t.equal(missingLine(output, 'Warning: 6 nodes\nNAME AGE\nhello-… …'), undefined)
  t.equal(missingLine(output, 'NAME AGE\nWarning: 6 nodes'), 'Warning: 6 nodes', 'in order')
  t.equal(missingLine(output, 'Warning: 6'), 'Warning: 6', 'whole lines')
})

interface Cluster {
  readonly env: NodeJS.ProcessEnv
  /** What it wrote on both streams until it was ready. */
  readonly output: string
  /** Resolves with its exit code. */
  stop(): Promise<number | null>
}

/** Runs the tutorial's first block, which goes on until it is stopped. */
async function startCluster(script: string): Promise<Cluster> {
  const { kubectl } = await findBinaries()
  // Its own group, so that the shell, npm and the cluster get the signal, as by Ctrl-C.
  const child = spawn('bash', ['-c', `exec 2>&1\n${script}`], { cwd: ROOT, detached: true })
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  let running = true
  child.on('exit', () => {
    running = false
  })
  const signal = (name: NodeJS.Signals) => running && child.pid && process.kill(-child.pid, name)
  t.teardown(() => signal('SIGTERM'))
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const kubeconfig = await until(() => /^KUBECONFIG=(.*)$/m.exec(output)?.[1], {
    what: 'the cluster of the tutorial',
    timeoutMs: 60_000,
  }).catch((error: Error) => {
    throw new Error(`${error.message}: ${output}`)
  })
  const path = `${dirname(kubectl)}:${process.env['PATH']}`
  return {
    env: { ...process.env, PATH: path, KUBECONFIG: kubeconfig },
    output,
    stop: () => {
      signal('SIGINT')
      return ended
    },
  }
}

async function runPage(t: Test, page: string, steps: readonly Step[], env: NodeJS.ProcessEnv) {
  for (const step of steps) {
    // Paths differ each time; the environment has the right one.
    if (step.script.startsWith('export KUBECONFIG=')) continue
    t.equal(await tryStep(step, env), undefined, `${page}, line ${step.line}`)
  }
}

t.test('pages', async (t) => {
  const [first, ...rest] = stepsOf(blocksOf(textOf(TUTORIAL)))
  if (!first) throw new Error('the tutorial has no commands')
  const cluster = await startCluster(first.script)
  t.equal(missingLine(cluster.output, first.expected ?? ''), undefined, first.script)
  t.ok(rest.length > 8)
  await runPage(t, TUTORIAL, rest, cluster.env)
  for (const page of PAGES) {
    const steps = stepsOf(blocksOf(textOf(page)))
    t.ok(steps.length > 0, `${page} has commands`)
    await runPage(t, page, steps, cluster.env)
  }
  await cluster.stop()
})
