/** When a lease is overdue, and when silence says nothing about nodes. */
import fc from 'fast-check'
import t from 'tap'
import { Deadlines } from '../../../core/healing/deadlines.ts'
import { LeaseDetector } from '../../../core/healing/detector.ts'
import { type NodeLease, nodeLease } from '../../../core/healing/lease.ts'

const lease = (renewal: string, seconds = 8): NodeLease => ({ renewal, durationMs: seconds * 1000 })
const MARGIN_MS = 500

/** Asks as the controller does: the API server is heard each second unless `silent`. */
function overdueAt(
  detector: LeaseDetector,
  {
    from,
    to,
    silent = () => false,
  }: { from: number; to: number; silent?: (ms: number) => boolean },
): Map<string, number> {
  const found = new Map<string, number>()
  for (let now = from; now <= to; now += 100) {
    if (now % 1000 === 0 && !silent(now)) detector.contact(now)
    for (const name of detector.due(now)) found.set(name, now)
  }
  return found
}

t.test('what is read of a lease', async (t) => {
  const cases: [string, unknown, NodeLease][] = [
    ['whole', { holderIdentity: 'a', renewTime: 'x', leaseDurationSeconds: 40 }, lease('a x', 40)],
    ['no spec', undefined, lease(' ', 40)],
    ['no object', 'spec', lease(' ', 40)],
    [
      'other types',
      { holderIdentity: {}, renewTime: 7, leaseDurationSeconds: '8' },
      lease(' ', 40),
    ],
    ['NaN', { leaseDurationSeconds: Number.NaN }, lease(' ', 40)],
    ['negative', { leaseDurationSeconds: -1 }, lease(' ', 40)],
    ['too short to be believed', { leaseDurationSeconds: 1 }, lease(' ', 4)],
    ['for ever', { leaseDurationSeconds: 1e300 }, lease(' ', 3600)],
  ]
  for (const [name, spec, expected] of cases) {
    t.same(nodeLease({ metadata: { name: 'n' }, spec }), expected, name)
  }
})

t.test('overdue after its own duration, once, until renewed', async (t) => {
  const detector = new LeaseDetector({ marginMs: MARGIN_MS })
  detector.see('short', lease('1', 8), 0)
  detector.see('long', lease('1', 40), 0)
  t.same(
    [...overdueAt(detector, { from: 0, to: 60_000 })],
    [
      ['short', 8_500],
      ['long', 40_500],
    ],
  )
  t.ok(detector.isOverdue('short'))
  t.equal(detector.see('short', lease('1', 8), 60_000), false, 'the same renewal, from a new list')
  t.ok(detector.isOverdue('short'))
  t.equal(detector.see('short', lease('2', 8), 60_100), true)
  t.notOk(detector.isOverdue('short'))
  t.same([...overdueAt(detector, { from: 60_100, to: 80_000 })], [['short', 68_600]], 'and again')
})

t.test('renewals put it off; a node without a lease is never overdue', async (t) => {
  const detector = new LeaseDetector({ marginMs: MARGIN_MS })
  for (let at = 0; at <= 20_000; at += 7_000) {
    detector.see('late', lease(String(at)), at)
    t.equal(overdueAt(detector, { from: at, to: at + 6_900 }).size, 0)
  }
  detector.forget('late')
  t.equal(overdueAt(detector, { from: 28_000, to: 99_000 }).size, 0)
  t.equal(detector.isOverdue('unknown'), false)
})

t.test('a shorter duration counts at once', async (t) => {
  const detector = new LeaseDetector({ marginMs: 0 })
  detector.see('n', lease('1', 40), 0)
  detector.see('n', lease('2', 8), 1_000)
  t.same([...overdueAt(detector, { from: 1_000, to: 60_000 })], [['n', 9_000]])
})

t.test('time in which the API server was silent does not count', async (t) => {
  const detector = new LeaseDetector({ marginMs: MARGIN_MS })
  detector.see('n', lease('1'), 0)
  const silent = (ms: number) => ms > 3_000 && ms < 23_000
  t.same([...overdueAt(detector, { from: 0, to: 60_000, silent })], [['n', 31_500]])
  const own = new LeaseDetector({ marginMs: MARGIN_MS, silenceMs: 1_500 })
  own.see('n', lease('1'), 0)
  const short = (ms: number) => ms === 4_000
  t.same([...overdueAt(own, { from: 0, to: 60_000, silent: short })], [['n', 13_500]], 'a setting')
})

t.test('those who failed together are late when the first is overdue', async (t) => {
  const detector = new LeaseDetector({ marginMs: MARGIN_MS })
  for (const [name, at] of [
    ['a', 0],
    ['b', 900],
    ['c', 1_900],
  ] as const) {
    detector.see(name, lease('1'), at)
  }
  t.equal(overdueAt(detector, { from: 2_000, to: 6_900 }).size, 0)
  detector.see('well', lease('1'), 7_000)
  const [first] = overdueAt(detector, { from: 7_000, to: 8_500 })
  t.same(first, ['a', 8_500])
  t.same(
    detector.missing(8_500).map(({ name }) => name),
    ['a', 'b', 'c'],
  )
})

t.test('law: never overdue before its time, always soon after it', async () => {
  const event = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    afterMs: fc.integer({ min: 0, max: 9_000 }),
    seconds: fc.constantFrom(8, 20, 40),
  })
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 30 }), (events) => {
      const detector = new LeaseDetector({ marginMs: 0 })
      const last = new Map<string, { at: number; ms: number }>()
      let now = 0
      const look = (until: number) => {
        for (; now <= until; now += 500) {
          detector.contact(now)
          for (const name of detector.due(now)) {
            const { at, ms } = last.get(name) ?? { at: 0, ms: 0 }
            if (now < at + ms || now > at + ms + 500) throw new Error(`${name} at ${now}`)
            last.delete(name)
          }
        }
      }
      let at = 0
      for (const [i, { name, afterMs, seconds }] of events.entries()) {
        at += afterMs
        look(at - 1)
        detector.see(name, lease(String(i), seconds), at)
        last.set(name, { at, ms: seconds * 1000 })
      }
      look(at + 41_000)
      if (last.size > 0) throw new Error(`never overdue: ${[...last.keys()]}`)
    }),
  )
})

t.test('law: deadlines come in order', async () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 100 })), (times) => {
      const deadlines = new Deadlines()
      times.forEach((at, i) => void deadlines.push(String(i), at))
      const sorted = times.toSorted((a, b) => a - b)
      for (const at of sorted) {
        if (deadlines.nextMs !== at) throw new Error(`${deadlines.nextMs} instead of ${at}`)
        if (deadlines.pop(at - 1) !== undefined) throw new Error('too early')
        if (times[Number(deadlines.pop(at))] !== at) throw new Error('another one')
      }
      if (deadlines.pop(1_000) !== undefined) throw new Error('one too many')
    }),
  )
})
