import fc from 'fast-check'
import t from 'tap'
import { type QueueOptions, TerminalError, WorkQueue } from '../../../platform/kube/queue.ts'
import { Fifo, Lanes } from '../../../platform/kube/queue-state.ts'
import { log } from '../../../platform/log.ts'
import { ManualClock, settle } from './clock.ts'

log.warn = () => {}
log.error = () => {}

type Outcome = 'ok' | 'fail' | 'terminal' | number

/** A queue whose handlers end when the test says so. */
function harness(options: Partial<QueueOptions> = {}) {
  const clock = new ManualClock()
  const running = new Map<string, (outcome: Outcome) => void>()
  const starts: { key: string; at: number }[] = []
  let overlaps = 0
  let most = 0
  const queue = new WorkQueue({
    name: 'test',
    clock,
    handler: async (key) => {
      if (running.has(key)) overlaps++
      starts.push({ key, at: clock.now() })
      const outcome = await new Promise<Outcome>((resolve) => {
        running.set(key, resolve)
        most = Math.max(most, running.size)
      })
      running.delete(key)
      if (outcome === 'fail') throw new Error('no luck')
      if (outcome === 'terminal') throw new TerminalError('of no use')
      return outcome === 'ok' ? undefined : outcome
    },
    ...options,
  })
  return {
    clock,
    running,
    starts,
    queue,
    overlaps: () => overlaps,
    most: () => most,
    keys: () => starts.map((start) => start.key).join(''),
    finish: async (key: string, outcome: Outcome = 'ok') => {
      running.get(key)?.(outcome)
      await settle()
    },
    pass: async (ms: number) => {
      clock.advance(ms)
      await settle()
    },
  }
}

t.test('a burst runs once, and what comes while it runs makes it run once more', async (t) => {
  const h = harness()
  for (let i = 0; i < 50; i++) h.queue.add('a')
  t.equal(h.starts.length, 0, 'add never runs the handler within itself')
  await settle()
  t.equal(h.keys(), 'a')
  for (let i = 0; i < 50; i++) h.queue.add('a')
  await settle()
  t.equal(h.keys(), 'a', 'not while it runs')
  await h.finish('a')
  t.equal(h.keys(), 'aa')
  await h.finish('a')
  t.equal(h.keys(), 'aa')
  t.equal(h.clock.pending, 0)
})

t.test('first in, first out; as many at a time as allowed', async (t) => {
  const h = harness({ concurrency: 2 })
  for (const key of ['a', 'b', 'c', 'd', 'a']) h.queue.add(key)
  await settle()
  t.equal(h.keys(), 'ab')
  t.equal(h.queue.depth, 2)
  await h.finish('b')
  t.equal(h.keys(), 'abc')
  await h.finish('a')
  t.equal(h.keys(), 'abcd')
  t.equal(h.most(), 2)
})

t.test('the earliest time wins', async (t) => {
  const cases: { name: string; asked: [key: string, ms?: number][]; at: number[] }[] = [
    {
      name: 'later, then sooner',
      asked: [
        ['a', 50],
        ['a', 20],
      ],
      at: [20],
    },
    {
      name: 'sooner, then later',
      asked: [
        ['a', 20],
        ['a', 50],
      ],
      at: [20],
    },
    { name: 'later, then now', asked: [['a', 50], ['a']], at: [0] },
    { name: 'now, then later', asked: [['a'], ['a', 50]], at: [0] },
    { name: 'in the past', asked: [['a', -5]], at: [0] },
    {
      name: 'keys are apart',
      asked: [
        ['a', 50],
        ['b', 20],
      ],
      at: [20, 50],
    },
  ]
  for (const { name, asked, at } of cases) {
    const h = harness({ concurrency: 5 })
    for (const [key, ms] of asked) {
      if (ms === undefined) h.queue.add(key)
      else h.queue.addAfter(key, ms)
    }
    await settle()
    for (let ms = 0; ms < 100; ms += 10) {
      for (const key of [...h.running.keys()]) await h.finish(key)
      await h.pass(10)
    }
    t.same(
      h.starts.map((start) => start.at),
      at,
      name,
    )
  }
})

t.test('a handler says when to be called again; an earlier wish comes first', async (t) => {
  const h = harness()
  h.queue.add('a')
  await settle()
  await h.finish('a', 1000)
  await h.pass(999)
  t.equal(h.starts.length, 1)
  await h.pass(1)
  t.equal(h.starts.length, 2)
  h.queue.addAfter('a', 10)
  await h.finish('a', 1000)
  await h.pass(10)
  t.equal(h.starts.length, 3, 'the wish made while it ran')
  await h.finish('a')
  await h.pass(100_000)
  t.equal(h.starts.length, 3, 'the later one is gone with it')
})

t.test('back-off: grows per key, is bounded, ends with success', async (t) => {
  const h = harness({ minBackoffMs: 8, maxBackoffMs: 1000, concurrency: 2 })
  h.queue.add('a')
  await settle()
  for (let n = 0; n < 12; n++) {
    const full = Math.min(1000, 8 * 2 ** n)
    const before = h.starts.length
    await h.finish('a', 'fail')
    await h.pass(full / 2 - 0.001)
    t.equal(h.starts.length, before, `not before half of ${full} ms`)
    await h.pass(full / 2 + 0.001)
    t.equal(h.starts.length, before + 1, `after ${full} ms`)
  }
  h.queue.add('b')
  await settle()
  await h.finish('b', 'fail')
  await h.pass(8)
  t.ok(h.running.has('b'), 'another key begins at the beginning')
  await h.finish('a')
  h.queue.add('a')
  await settle()
  await h.finish('a', 'fail')
  await h.pass(8)
  t.ok(h.running.has('a'), 'success resets')
  await h.finish('a', 'fail')
  h.queue.add('a')
  await settle()
  t.ok(h.running.has('a'), 'fresh news do not wait for the back-off')
})

t.test('TerminalError: not again, until it is added anew', async (t) => {
  const h = harness()
  h.queue.add('a')
  await settle()
  await h.finish('a', 'terminal')
  await h.pass(1e9)
  t.equal(h.starts.length, 1)
  t.equal(h.clock.pending, 0)
  h.queue.add('a')
  await settle()
  h.queue.add('a')
  await h.finish('a', 'terminal')
  t.equal(h.starts.length, 3, 'added while it ran')
})

t.test('times that are none', async (t) => {
  const h = harness()
  for (const ms of [Number.NaN, Number.POSITIVE_INFINITY]) {
    t.throws(() => h.queue.addAfter('a', ms), TypeError)
  }
  h.queue.add('a')
  await settle()
  await h.finish('a', Number.NaN)
  await h.pass(10)
  t.equal(h.starts.length, 2, 'from a handler: a failure, tried again')
  const far = harness()
  far.queue.addAfter('a', 1e12)
  await far.pass(2 ** 31)
  t.equal(far.starts.length, 1, 'beyond 32 bits: early rather than at once for ever')
})

t.test('idle waits for work and retries, not for what was added for later', async (t) => {
  const h = harness()
  await h.queue.idle()
  h.queue.addAfter('later', 1e6)
  await h.queue.idle()
  h.queue.add('a')
  let idle = false
  const waiting = h.queue.idle().then(() => {
    idle = true
  })
  await settle()
  t.notOk(idle, 'it runs')
  await h.finish('a', 'fail')
  t.notOk(idle, 'it waits for a retry')
  await h.pass(5)
  await h.finish('a')
  t.ok(idle)
  await waiting
})

t.test('stop lets handlers finish, drops what waits, takes nothing more', async (t) => {
  const h = harness({ concurrency: 1 })
  h.queue.add('a')
  h.queue.add('b')
  h.queue.addAfter('c', 50)
  await settle()
  let stopped = false
  const stopping = h.queue.stop().then(() => {
    stopped = true
  })
  h.queue.add('a')
  h.queue.add('d')
  await h.pass(1000)
  t.notOk(stopped)
  await h.finish('a', 'fail')
  t.ok(stopped)
  await stopping
  await h.pass(1e6)
  t.equal(h.keys(), 'a')
  t.equal(h.clock.pending, 0)
})

t.test('stop aborts handlers that take longer than the grace', async (t) => {
  const clock = new ManualClock()
  let seen: AbortSignal | undefined
  const queue = new WorkQueue({
    name: 'slow',
    clock,
    handler: (_key, signal) => {
      seen = signal
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')))
      })
    },
  })
  queue.add('a')
  await settle()
  const stopping = queue.stop(100)
  clock.advance(99)
  t.notOk(seen?.aborted)
  clock.advance(1)
  t.ok(seen?.aborted)
  await stopping
})

const keys = fc.constantFrom('a', 'b', 'c')
const step = fc.oneof(
  fc.record({ op: fc.constant('add' as const), key: keys }),
  fc.record({ op: fc.constant('after' as const), key: keys, ms: fc.nat(50) }),
  fc.record({ op: fc.constant('pass' as const), ms: fc.nat(100) }),
  fc.record({
    op: fc.constant('finish' as const),
    key: keys,
    outcome: fc.constantFrom<Outcome>('ok', 'ok', 'fail', 'terminal', 0, 30),
  }),
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** Does one step; how many more runs it allows. */
async function perform(h: ReturnType<typeof harness>, one: Step): Promise<number> {
  switch (one.op) {
    case 'add':
      h.queue.add(one.key)
      return 1
    case 'after':
      h.queue.addAfter(one.key, one.ms)
      return 1
    case 'pass':
      await h.pass(one.ms)
      return 0
    case 'finish': {
      const again = h.running.has(one.key) && one.outcome !== 'ok' && one.outcome !== 'terminal'
      await h.finish(one.key, one.outcome)
      return again ? 1 : 0
    }
  }
}

t.test('laws under any order of events', async (t) => {
  const check = async (steps: Step[], concurrency: number): Promise<boolean> => {
    const h = harness({ concurrency, maxBackoffMs: 100 })
    const asked = new Map<string, number>()
    let allowance = 0
    for (const one of steps) {
      if (one.op === 'add' || one.op === 'after') asked.set(one.key, h.starts.length)
      allowance += await perform(h, one)
    }
    // Let everything come to its end.
    for (let round = 0; round < 30; round++) {
      for (const running of [...h.running.keys()]) await h.finish(running)
      await h.pass(200)
    }
    // Nothing that was asked for is lost: a run began after it was asked.
    const served = [...asked].every(([wanted, index]) =>
      h.starts.slice(index).some((start) => start.key === wanted),
    )
    const quiet = h.clock.pending === 0 && h.running.size === 0 && h.queue.depth === 0
    const bounded = h.overlaps() === 0 && h.most() <= concurrency && h.starts.length <= allowance
    return served && quiet && bounded
  }
  const property = fc.asyncProperty(
    fc.array(step, { maxLength: 40 }),
    fc.integer({ min: 1, max: 3 }),
    check,
  )
  await t.resolves(fc.assert(property, { numRuns: 300 }))
})

t.test('many keys take no quadratic time', (t) => {
  const time = (count: number): number => {
    const fifo = new Fifo()
    const began = performance.now()
    for (let i = 0; i < count; i++) fifo.push(`${i}`)
    for (let i = 0; i < count; i++) if (fifo.shift() !== `${i}`) t.fail(`order at ${i}`)
    if (fifo.shift() !== undefined || fifo.size !== 0) t.fail('it is not empty')
    return performance.now() - began
  }
  time(20_000)
  // 8 times the keys: linear is 8, quadratic 64.
  const small = Math.max(1, time(25_000))
  t.ok(time(200_000) / small < 40)
  t.end()
})

t.test('lanes take turns', async (t) => {
  const lanes = new Lanes((item) => item.charAt(0))
  for (const item of ['a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'c2']) lanes.push(item)
  const order = [lanes.shift(), lanes.shift()]
  // A lane that was empty comes last, whatever the others hold.
  lanes.push('b2')
  t.equal(lanes.size, 6)
  while (lanes.size > 0) order.push(lanes.shift())
  t.strictSame(order, ['a1', 'b1', 'c1', 'a2', 'b2', 'c2', 'a3', 'a4'])
  t.equal(lanes.shift(), undefined)

  const h = harness({ laneOf: (key) => key.charAt(0) })
  for (let i = 0; i < 100; i++) h.queue.add(`a${i}`)
  h.queue.add('b')
  await settle()
  await h.finish('a0')
  t.strictSame(
    h.starts.map(({ key }) => key),
    ['a0', 'b'],
    'the hundred others wait',
  )
  const stopped = h.queue.stop()
  await h.finish('b')
  await stopped
})
