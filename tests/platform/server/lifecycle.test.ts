import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { createDraining, serveUntil } from '../../../platform/server/drain.ts'
import { startOpsServer } from '../../../platform/server/ops.ts'
import {
  client,
  makeCertificate,
  memoryLog,
  plainGet,
  responseOf,
  review,
  until,
} from './support.ts'

const made = makeCertificate(t.testdir(), { name: 'server' })
const program = fileURLToPath(new URL('child.ts', import.meta.url))

interface Child {
  readonly process: ChildProcess
  readonly lines: { message: string; [field: string]: unknown }[]
  readonly exit: Promise<number | NodeJS.Signals>
  said(message: string): Promise<Readonly<Record<string, unknown>>>
}

function run(t: Test, mode: string): Child {
  const child = spawn(process.execPath, [program, mode, made.certFile, made.keyFile], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  const lines: Child['lines'] = []
  createInterface(child.stdout).on('line', (line) => lines.push(JSON.parse(line)))
  const exit = once(child, 'close').then(([code, signal]) => code ?? signal)
  const said = (message: string) => until(() => lines.find((line) => line.message === message))
  return { process: child, lines, exit, said }
}

async function serving(t: Test) {
  const child = run(t, 'serve')
  const started = await child.said('started')
  const calls = client(Number(started['hooksPort']), [made])
  t.teardown(() => calls.close())
  return {
    ...child,
    calls,
    hooksPort: Number(started['hooksPort']),
    opsPort: Number(started['opsPort']),
  }
}

t.test('SIGTERM under load: every request is answered, and the process ends with 0', async (t) => {
  const child = await serving(t)
  const { calls, opsPort } = child
  t.equal((await plainGet(opsPort, '/readyz')).status, 200)

  const answered = { before: 0, draining: 0 }
  const failures: unknown[] = []
  let closes = 0
  let sending = true
  let notReadySince = Number.POSITIVE_INFINITY
  /** As kube-proxy and endpoints do: new requests come for about a second after readiness failed. */
  async function work(): Promise<void> {
    while (sending) {
      try {
        const answer = await calls.post('/hooks/guard', review())
        if (!responseOf(answer).allowed) failures.push(answer.text)
        if (answer.headers.connection === 'close') closes++
        answered[performance.now() > notReadySince ? 'draining' : 'before']++
      } catch (error) {
        failures.push(error)
      }
    }
  }
  const workers = Array.from({ length: 16 }, work)
  const pid = child.process.pid ?? 0
  await until(() => answered.before > 200 || undefined)
  process.kill(pid, 'SIGTERM')
  const why = await until(async () => {
    const { status, text } = await plainGet(opsPort, '/readyz')
    return status === 503 ? text : undefined
  })
  notReadySince = performance.now()
  t.match(why, '[-]shutdown failed: draining')
  t.equal((await plainGet(opsPort, '/livez')).status, 200)
  // Ends 1.5 s after the server has stopped listening.
  const slow = calls.post('/hooks/slow', review())
  const slowest = slow.then(responseOf, (error: unknown) => error)
  await sleep(1000)
  sending = false
  await Promise.all(workers)
  t.strictSame(failures, [])
  t.ok(answered.draining > 32, `${answered.draining} answered while draining`)
  // Up to one answer of each worker was already on its way.
  t.ok(closes >= answered.draining - 16, 'and their connections handed back')
  t.equal((await plainGet(opsPort, '/readyz')).status, 503)
  t.match(await slowest, { allowed: true }, 'a request under way is not reset')
  t.equal(await child.exit, 0)
  t.strictSame(
    child.lines.slice(-3).map(({ message }) => message),
    ['signal received', 'draining', 'drained'],
  )
})

t.test('a forgotten rejection is counted and survived, a flung exception is the end', async (t) => {
  const child = await serving(t)
  t.match(responseOf(await child.calls.post('/hooks/forget', review())), { allowed: true })
  t.equal((await child.said('unhandled rejection'))['error'], 'forgotten')
  const metrics = await plainGet(child.opsPort, '/metrics')
  t.match(metrics.text, /^edgenet_unhandled_rejections_total 1$/m)
  await child.calls.post('/hooks/fling', review()).catch(() => {})
  t.equal(await child.exit, 1)
  t.match(child.lines.at(-1), { message: 'uncaught exception', error: 'flung' })
})

t.test('how a process ends', async (t) => {
  const [rejects, returns, waits, hangs, insists] = await Promise.all([
    run(t, 'reject').exit,
    run(t, 'return').exit,
    signalled(t, 'wait', ['SIGINT']),
    signalled(t, 'hang', ['SIGTERM']),
    signalled(t, 'serve', ['SIGTERM', 'SIGTERM']),
  ])
  t.equal(rejects, 1, 'main rejects')
  t.equal(returns, 0, 'main returns')
  t.equal(waits, 0, 'main ends on the signal')
  t.equal(hangs, 1, 'main ignores the signal: hard limit')
  t.equal(insists, 1, 'a second signal does not wait for the drain')
})

async function signalled(t: Test, mode: string, signals: NodeJS.Signals[]) {
  const child = run(t, mode)
  await child.said('started')
  for (const signal of signals) {
    const seen = child.lines.length
    process.kill(child.process.pid ?? 0, signal)
    await Promise.race([child.exit, until(() => child.lines[seen])])
  }
  const end = await child.exit
  t.notOk(child.lines.some(({ message }) => message === 'drained'))
  return end
}

t.test('draining goes in order', async (t) => {
  const { log } = memoryLog()
  const draining = createDraining()
  const order: string[] = []
  const note = (what: string) => void order.push(`${what}:${draining.check.why() ?? 'ready'}`)
  const server = {
    drain: () => note('drain'),
    close: async () => {
      await sleep(20)
      note('closed')
    },
  }
  const ops = { close: async () => note('ops') }
  const stop = new AbortController()
  const options = { servers: [server, server], draining, ops, log, drainSeconds: 0.05 }
  const done = serveUntil(stop.signal, options)
  await sleep(100)
  t.strictSame(order, [], 'nothing before the signal')
  stop.abort()
  await done
  const [drain, closed] = ['drain:draining', 'closed:draining']
  t.strictSame(order, [drain, drain, closed, closed, 'ops:draining'])
  await serveUntil(AbortSignal.abort(), { ...options, servers: [] })
  t.equal(order.length, 6, 'a signal that came before')
})

t.test('ops: readiness in words, liveness apart, metrics', async (t) => {
  const { log } = memoryLog()
  const draining = createDraining()
  let cache: string | undefined = 'nodes: not yet listed'
  const ops = await startOpsServer({
    host: '127.0.0.1',
    log,
    checks: [{ name: 'cache', why: () => cache }, draining.check],
  })
  t.teardown(() => ops.close())
  const read = (path: string) => plainGet(ops.port, path)
  t.strictSame(await read('/readyz'), {
    status: 503,
    text: '[+]ping ok\n[-]cache failed: nodes: not yet listed\n[+]shutdown ok\nreadyz check failed\n',
  })
  t.strictSame(await read('/livez'), { status: 200, text: '[+]ping ok\nlivez check passed\n' })
  cache = undefined
  t.match(await read('/readyz?verbose'), { status: 200, text: /readyz check passed\n$/ })
  draining.begin()
  t.match(await read('/readyz'), { status: 503, text: /\[-\]shutdown failed: draining/ })
  t.equal((await read('/livez')).status, 200, 'a draining process must not be killed')
  const metrics = await read('/metrics')
  t.match(metrics.text, /^nodejs_eventloop_lag_p99_seconds/m)
  t.equal((await read('/')).status, 404)

  const broken = () => {
    throw new Error('oops')
  }
  const second = await startOpsServer({
    host: '127.0.0.1',
    log,
    checks: [],
    liveness: [{ name: 'loop', why: broken }],
  })
  t.teardown(() => second.close())
  const answer = await plainGet(second.port, '/livez')
  t.equal(answer.status, 503)
  t.match(answer.text, '[-]loop failed: the check itself failed: Error: oops')
})
