/** Leader election with real processes and a real API server, which must be paused: a bed of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import {
  type ElectionOptions,
  type ElectionState,
  runElected,
} from '../../../platform/kube/lease.ts'
import { pathTo } from '../../../platform/kube/paths.ts'
import { log } from '../../../platform/log.ts'
import { startTestbed, until } from '../../testbed/index.ts'

log.warn = () => {}

const bed = await startTestbed({ components: ['etcd', 'kube-apiserver'], audit: false })
t.teardown(() => bed.stop())
const client = bed.admin
const namespace = 'default'

interface Lease {
  readonly spec: {
    readonly holderIdentity?: string
    readonly renewTime: string
    readonly leaseDurationSeconds: number
    readonly leaseTransitions: number
  }
}

const leaseOf = async (name: string) =>
  (await client.get<Lease>(pathTo('leases', { namespace, name }))).spec

/** A candidate process; `said` holds what it printed, by word, as milliseconds of the clock. */
async function candidate(t: Test, name: string, identity: string, seconds: readonly number[]) {
  const script = fileURLToPath(new URL('candidate.ts', import.meta.url))
  const args = [script, bed.kubeconfig, namespace, name, identity, ...seconds.map(String)]
  const child = spawn(process.execPath, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, EDGENET_LOG: 'silent' },
  })
  const said = new Map<string, number>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [word = '', at] = line.split(' ')
    said.set(word, Number(at))
  })
  t.teardown(() => child.kill('SIGKILL'))
  return {
    said,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    ended: () => child.exitCode !== null || child.signalCode !== null,
    leads: () => until(() => said.get('lead'), { what: `${identity} to lead`, everyMs: 20 }),
  }
}

/** Short enough for a test, long enough for a busy machine. Seconds. */
const SHORT = [4, 2.5, 0.3] as const

/** Two processes, of which the first leads. */
async function pair(t: Test, name: string, seconds: readonly number[] = SHORT) {
  const first = await candidate(t, name, 'first', seconds)
  await first.leads()
  const second = await candidate(t, name, 'second', seconds)
  await sleep(1500)
  t.notOk(second.said.has('lead'), 'exactly one leads')
  return { first, second }
}

t.test(
  'the other takes over when the leader is killed, not before its lease is over',
  async (t) => {
    const { first, second } = await pair(t, 'killed')
    first.kill('SIGKILL')
    await sleep(50)
    const { renewTime, leaseDurationSeconds } = await leaseOf('killed')
    const began = await second.leads()
    t.ok(began - Date.parse(renewTime) >= leaseDurationSeconds * 1000)
    const spec = await leaseOf('killed')
    t.match(spec, { holderIdentity: /^second_/, leaseTransitions: 1 })
  },
)

t.test('a leader that was paused ends at once when it comes back', async (t) => {
  const { first, second } = await pair(t, 'paused')
  first.kill('SIGSTOP')
  await second.leads()
  first.kill('SIGCONT')
  await until(first.ended, { what: 'the old leader to end' })
  t.ok(first.said.has('told'))
  t.ok(first.said.has('lost'))
  await sleep(1000)
  t.notOk(second.said.has('told'), 'the new one goes on')
  t.match(await leaseOf('paused'), { holderIdentity: /^second_/ })
})

t.test('a leader that is asked to stop hands over at once', async (t) => {
  const { first, second } = await pair(t, 'stopped', [60, 40, 0.3])
  first.kill('SIGTERM')
  const began = await second.leads()
  await until(first.ended, { what: 'the old leader to end' })
  t.ok(first.said.has('stopped'))
  t.ok(began >= (first.said.get('told') ?? Number.POSITIVE_INFINITY), 'after its work has ended')
  t.ok(began - (first.said.get('told') ?? 0) < 60_000 / 2, 'without waiting for its lease')
})

const standing = (options: Partial<ElectionOptions> & { name: string }): ElectionOptions => ({
  client,
  namespace,
  identity: 'me',
  signal: new AbortController().signal,
  lead: async (signal) => {
    if (!signal.aborted) await once(signal, 'abort')
  },
  leaseSeconds: SHORT[0],
  renewSeconds: SHORT[1],
  retrySeconds: SHORT[2],
  ...options,
})

t.test('leading ends before the lease does when the API server no longer answers', async (t) => {
  const apiserver = bed.component('kube-apiserver')
  let told = 0
  const states: ElectionState[] = []
  const running = runElected(
    standing({
      name: 'silent',
      lead: async (signal) => {
        await once(signal, 'abort')
        told = Date.now()
      },
      onChange: (state) => states.push(state),
    }),
  )
  await until(() => states.at(-1)?.leading, { what: 'it to lead' })
  await sleep(1000)
  await apiserver.pause()
  const end = await running.finally(() => apiserver.resume())
  t.equal(end, 'lost')
  const { renewTime, leaseDurationSeconds } = await leaseOf('silent')
  t.ok(told < Date.parse(renewTime) + leaseDurationSeconds * 1000)
  t.match(states.at(-1), { leading: false })
})

t.test('work that does not end holds nobody up for longer than the lease', async (t) => {
  const apiserver = bed.component('kube-apiserver')
  const leading = Promise.withResolvers<void>()
  const running = runElected(
    standing({
      name: 'stubborn',
      lead: () => {
        leading.resolve()
        return new Promise(() => {})
      },
    }),
  )
  await leading.promise
  await apiserver.pause()
  t.equal(await running.finally(() => apiserver.resume()), 'lost')
})

t.test('never two at a time', async (t) => {
  let now = 0
  let most = 0
  let terms = 0
  const term = async () => {
    terms++
    most = Math.max(most, ++now)
    await sleep(100)
    now--
  }
  const one = () => runElected(standing({ name: 'crowd', lead: term, retrySeconds: 0.05 }))
  const ends = await Promise.all(Array.from({ length: 8 }, one))
  t.strictSame(ends, Array(8).fill('done'))
  t.equal(terms, 8, 'each in turn, since the lease is released')
  t.equal(most, 1)
})

t.test('a lease is renewed while the work takes its time to stop', async (t) => {
  const stop = new AbortController()
  const leading = Promise.withResolvers<void>()
  let before = ''
  let after = ''
  const running = runElected(
    standing({
      name: 'slow',
      signal: stop.signal,
      lead: async (signal) => {
        leading.resolve()
        await once(signal, 'abort')
        before = (await leaseOf('slow')).renewTime
        await sleep(1500)
        after = (await leaseOf('slow')).renewTime
      },
    }),
  )
  await leading.promise
  stop.abort()
  t.equal(await running, 'stopped')
  t.ok(after > before)
  t.notOk((await leaseOf('slow')).holderIdentity, 'released after that')
})

t.test('odd ends', async (t) => {
  const broken = standing({
    name: 'broken',
    lead: () => {
      throw new Error('no')
    },
  })
  await t.rejects(runElected(broken), /^no$/)
  t.notOk((await leaseOf('broken')).holderIdentity, 'released nevertheless')

  const complaining = new AbortController()
  const complains = standing({
    name: 'complaining',
    signal: complaining.signal,
    lead: async (signal) => {
      complaining.abort()
      signal.throwIfAborted()
    },
    onChange: () => {
      throw new Error('onChange is broken')
    },
  })
  log.error = () => {}
  t.equal(await runElected(complains), 'stopped')

  t.equal(await runElected(standing({ name: 'never', signal: AbortSignal.abort() })), 'stopped')
  const waiting = runElected(
    standing({
      name: 'refused',
      client: bed.clientFor('nobody'),
      signal: AbortSignal.timeout(300),
    }),
  )
  t.equal(await waiting, 'stopped', 'without rights it waits')
  const wrong = standing({ name: 'wrong', leaseSeconds: 2, renewSeconds: 2 })
  await t.rejects(runElected(wrong), /retrySeconds < renewSeconds < leaseSeconds/)
})

t.test('somebody takes the lease by force, somebody deletes it', async (t) => {
  const path = pathTo('leases', { namespace, name: 'robbed' })
  const states: ElectionState[] = []
  const running = runElected(standing({ name: 'robbed', onChange: (state) => states.push(state) }))
  await until(() => states.at(-1)?.leading, { what: 'it to lead' })
  await client.delete(path)
  await until(() => leaseOf('robbed'), { what: 'it to be written again' })
  t.equal(states.at(-1)?.leading, true)
  const spec = { holderIdentity: 'robber', leaseDurationSeconds: 30 }
  await client.patch(path, { spec }, 'merge')
  t.equal(await running, 'lost')
  t.equal((await leaseOf('robbed')).holderIdentity, 'robber')
})
