import t from 'tap'
import type { Usage } from '../../core/placement/choice/caps.ts'
import { type Accounts, Caps, type UsageListener } from '../../webhooks/caps.ts'

const LIMITS = { rowsPerTenant: 10, areasPerTenant: 4, labelsPerNode: 400 }

const uses = (rows: number, ...areas: string[]): Usage => ({ rows, areas: new Set(areas) })

/** Reports in memory: every namespace `t1-…` is of tenant t1, others pay for themselves. */
class Reports implements Accounts {
  readonly usage = new Map<string, Usage>()
  #listener: UsageListener = () => {}

  payer(namespace: string): string {
    return namespace.startsWith('t1-') ? 'tenant/t1' : `namespace/${namespace}`
  }

  *usageOf(payer: string): IterableIterator<[string, Usage]> {
    for (const [key, usage] of this.usage) {
      if (this.payer(key.slice(0, key.indexOf('/'))) === payer) yield [key, usage]
    }
  }

  onUsage(listener: UsageListener): void {
    this.#listener = listener
  }

  report(key: string, now: Usage | undefined): void {
    const before = this.usage.get(key)
    if (now) this.usage.set(key, now)
    else this.usage.delete(key)
    this.#listener(key, now, before)
  }
}

function open() {
  const reports = new Reports()
  const clock = { ms: 0 }
  const caps = new Caps(reports, LIMITS, () => clock.ms)
  const ask = (key: string, wanted: Usage, options: { prefix?: string; stored?: Usage } = {}) =>
    caps.check({ key, wanted, ...options }, false)?.code ?? 'ok'
  return { reports, clock, caps, ask }
}

t.test('what was admitted counts before its report appears, and once', async (t) => {
  const { reports, caps, ask } = open()
  t.equal(ask('a/deployment-x', uses(6)), 'ok')
  t.equal(ask('a/deployment-y', uses(6)), 'EDGENET_TOO_MANY_SELECTIONS')
  t.equal(ask('b/deployment-y', uses(6)), 'ok', 'another namespace pays for itself')
  reports.report('a/deployment-x', uses(6))
  t.equal(ask('a/deployment-y', uses(4)), 'ok')
  t.equal(ask('t1-a/job-x', uses(6)), 'ok')
  t.equal(ask('t1-b/job-x', uses(6)), 'EDGENET_TOO_MANY_SELECTIONS', 'one tenant')
  t.equal(caps.check({ key: 'c/pod-x', wanted: uses(10) }, true), undefined)
  t.equal(ask('c/pod-y', uses(10)), 'ok', 'a dry run leaves nothing behind')
})

t.test('what is gone does not count on', async (t) => {
  const { reports, clock, ask } = open()
  t.equal(ask('a/deployment-x', uses(10)), 'ok')
  reports.report('a/deployment-x', uses(10))
  reports.report('a/deployment-x', undefined)
  t.equal(ask('a/deployment-y', uses(10)), 'ok', 'deleted')
  t.equal(ask('a/deployment-z', uses(1)), 'EDGENET_TOO_MANY_SELECTIONS')
  clock.ms += 60_001
  t.equal(ask('a/deployment-z', uses(1)), 'ok', 'never stored')
})

t.test('a workload that is written again and again keeps no other one remembered', async (t) => {
  const { clock, ask } = open()
  t.equal(ask('a/deployment-busy', uses(1)), 'ok')
  t.equal(ask('a/deployment-failed', uses(9)), 'ok')
  for (let i = 0; i < 4; i++) {
    clock.ms += 20_000
    t.equal(ask('a/deployment-busy', uses(1)), 'ok')
  }
  t.equal(ask('a/deployment-next', uses(9)), 'ok')
})

t.test('a change that was admitted counts in place of what is reported', async (t) => {
  const { reports, ask } = open()
  reports.report('a/deployment-x', uses(2))
  t.equal(ask('a/deployment-x', uses(9), { stored: uses(2) }), 'ok')
  t.equal(ask('a/deployment-y', uses(2)), 'EDGENET_TOO_MANY_SELECTIONS')
  reports.report('a/deployment-x', uses(9))
  reports.report('a/deployment-x', uses(3))
  t.equal(ask('a/deployment-y', uses(7)), 'ok')
})

t.test('names that are yet to be generated', async (t) => {
  const { reports, ask } = open()
  for (let i = 0; i < 9; i++) {
    t.equal(ask(`a/job-run-uid-${i}`, uses(1), { prefix: 'a/job-run-' }), 'ok')
    reports.report(`a/job-run-${i}zx`, uses(1))
  }
  t.equal(ask('a/job-last', uses(1)), 'ok', 'each counts once')
  t.equal(ask('a/job-more', uses(1)), 'EDGENET_TOO_MANY_SELECTIONS')
  reports.report('a/job-run-0zx', undefined)
  t.equal(ask('a/job-more', uses(1)), 'ok', 'and only while it is there')
})

t.test('a cap that was lowered blocks no edit that asks for no more', async (t) => {
  const { reports, ask } = open()
  reports.report('a/deployment-x', uses(30, 'a', 'b', 'c'))
  reports.report('a/deployment-z', uses(1, 'd', 'e'))
  t.equal(ask('a/deployment-x', uses(30, 'a', 'b')), 'ok', 'by its report')
  t.equal(ask('a/deployment-y', uses(3, 'a'), { stored: uses(3, 'a') }), 'ok', 'as it is stored')
  t.equal(
    ask('a/deployment-y', uses(4), { stored: uses(3) }),
    'EDGENET_TOO_MANY_SELECTIONS',
    'one more row',
  )
})

t.test('who uses an area', async (t) => {
  const { reports, caps, clock, ask } = open()
  reports.report('b/deployment-x', uses(0, 'alps'))
  t.equal(ask('a/deployment-x', uses(0, 'alps', 'eu')), 'ok')
  t.strictSame(caps.usersOf('alps'), ['a/deployment-x', 'b/deployment-x'])
  t.strictSame(caps.usersOf('eu'), ['a/deployment-x'])
  clock.ms += 60_001
  t.strictSame(caps.usersOf('eu'), [])
})
