/** The decisions of platform/kube that need no API server. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { Backoff } from '../../../platform/kube/backoff.ts'
import { KubeClient } from '../../../platform/kube/client.ts'
import { ApiError, apiError, TransportError } from '../../../platform/kube/errors.ts'
import { cutNote, eventObject, seriesKey } from '../../../platform/kube/event-object.ts'
import { inCluster } from '../../../platform/kube/incluster.ts'
import { claim, LeaseObservation, release } from '../../../platform/kube/lease-record.ts'
import { microTime } from '../../../platform/kube/microtime.ts'
import { pathTo, RESOURCES, resourceOf, resourcePath } from '../../../platform/kube/paths.ts'
import { retryDelayMs } from '../../../platform/kube/retry.ts'
import { Store } from '../../../platform/kube/store.ts'
import { cachedToken, tokenFromFile } from '../../../platform/kube/token.ts'
import { readLines } from '../../../platform/kube/transport.ts'
import { needsRelist, parseWatchLine, wentBack } from '../../../platform/kube/watch-event.ts'
import { createLogger, log } from '../../../platform/log.ts'

log.warn = () => {}
log.error = () => {}

t.test('paths', (t) => {
  t.equal(pathTo('nodes'), '/api/v1/nodes')
  t.equal(pathTo('pods', { namespace: 'a', name: 'b' }), '/api/v1/namespaces/a/pods/b')
  t.equal(
    pathTo('placements', { namespace: 'a', name: 'b', subresource: 'status' }),
    '/apis/edge-net.io/v1alpha1/namespaces/a/placements/b/status',
  )
  t.equal(pathTo('clusterroles', { name: 'a:b/c?d' }).split('/').at(-1), 'a%3Ab%2Fc%3Fd')
  for (const name of ['', '.', '..']) {
    t.throws(() => pathTo('pods', { namespace: 'a', name }), TypeError, JSON.stringify(name))
    t.throws(() => pathTo('pods', { namespace: name }), TypeError)
  }
  t.throws(
    () => resourcePath({ version: 'v1', resource: 'pods', subresource: 'status' }),
    TypeError,
  )
  t.end()
})

t.test('resourceOf finds the resource in each path that pathTo makes', (t) => {
  const name = fc.constantFrom('a', 'namespaces', 'status', 'pods', 'api', 'v1')
  const property = fc.property(
    fc.constantFrom(...(Object.keys(RESOURCES) as (keyof typeof RESOURCES)[])),
    fc.record(
      { namespace: name, name, subresource: fc.constantFrom('status', 'scale', 'eviction') },
      { requiredKeys: [] },
    ),
    (resource, at) => {
      if (at.name === undefined) delete at.subresource
      // namespaces are cluster-wide, and have these subresources only.
      if (resource === 'namespaces') {
        delete at.namespace
        if (at.subresource !== undefined) at.subresource = 'status'
      }
      const wanted = [RESOURCES[resource].resource, at.subresource].filter(Boolean).join('/')
      return resourceOf(`${pathTo(resource, at)}?x=/y`) === wanted
    },
  )
  t.doesNotThrow(() => fc.assert(property))
  t.equal(resourceOf('/readyz'), 'other')
  t.equal(resourceOf('/api/v1/namespaces/a'), 'namespaces')
  t.end()
})

t.test('lines come whole and in order, however they are cut', async (t) => {
  const property = fc.asyncProperty(
    fc.array(fc.string({ unit: 'grapheme', minLength: 1 }).filter((line) => !/[\n\r]/.test(line))),
    fc.boolean(),
    fc.array(fc.nat(40), { minLength: 1 }),
    async (lines, ended, cuts) => {
      const bytes = Buffer.from(lines.join('\n') + (ended ? '\n' : ''))
      async function* chunks() {
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = 1 + (cuts[i % cuts.length] ?? 0)
          yield bytes.subarray(at, at + size)
          at += size
        }
      }
      const got: string[] = []
      for await (const line of readLines(chunks())) got.push(line)
      return JSON.stringify(got) === JSON.stringify(lines)
    },
  )
  await t.resolves(fc.assert(property))
})

t.test('retries', (t) => {
  const answer = (status: number, after?: number) => new ApiError(status, {}, 'x', after)
  const reset = new TransportError('ECONNRESET', 'reset')
  const cases: [error: unknown, method: string, attempt: number, retried: boolean][] = [
    [answer(429, 1), 'POST', 0, true],
    [answer(429, 1), 'POST', 9, true],
    [answer(429, 1), 'POST', 10, false],
    [answer(503, 1), 'GET', 4, false],
    [answer(429), 'GET', 0, false],
    [answer(503, 1), 'GET', 0, true],
    [answer(503, 1), 'POST', 0, false],
    [answer(409, 1), 'PUT', 0, false],
    [answer(404, 1), 'GET', 0, false],
    [reset, 'GET', 0, true],
    [reset, 'GET', 3, true],
    [reset, 'GET', 4, false],
    [reset, 'POST', 0, false],
    [reset, 'PATCH', 0, false],
    [new TransportError('ETIMEDOUT', 'late'), 'GET', 0, false],
    [new TransportError('ECONNREFUSED', 'refused'), 'GET', 0, false],
    [new Error('a bug'), 'GET', 0, false],
  ]
  for (const [error, method, attempt, retried] of cases) {
    const delay = retryDelayMs(error, method, attempt)
    t.equal(delay !== undefined, retried, `${error} ${method} ${attempt}`)
    if (error instanceof ApiError && delay !== undefined) t.ok(delay >= 1000 && delay < 1501)
  }
  t.end()
})

t.test('error answers', (t) => {
  const status = { reason: 'Conflict', message: 'it has changed', details: { name: 'a' } }
  const conflict = apiError(409, {}, JSON.stringify(status), 'PUT /x')
  t.match(conflict, { status: 409, ...status, request: 'PUT /x', retryAfterSeconds: undefined })
  t.equal(apiError(429, { 'retry-after': '3' }, '{}', 'GET /x').retryAfterSeconds, 3)
  t.equal(apiError(429, { 'retry-after': 'Wed, 21' }, '', 'GET /x').retryAfterSeconds, undefined)
  const body = JSON.stringify({ details: { retryAfterSeconds: 7 } })
  t.equal(apiError(429, {}, body, 'GET /x').retryAfterSeconds, 7)
  t.match(apiError(502, {}, '<h1>bad gateway</h1>', 'GET /x').message, /GET \/x: HTTP 502: <h1>bad/)
  for (const odd of ['', 'null', '3', '"x"', '[]']) {
    t.match(apiError(500, {}, odd, 'GET /x').message, /GET \/x: HTTP 500/, odd)
  }
  t.end()
})

t.test('watch lines', (t) => {
  const error = (object: unknown): unknown => {
    try {
      return parseWatchLine(JSON.stringify({ type: 'ERROR', object }), 'watch /x')
    } catch (thrown) {
      return thrown
    }
  }
  t.match(error({ code: 410, reason: 'Expired', message: 'too old' }), { status: 410 })
  t.ok(needsRelist(error({ code: 410, reason: 'Expired' })))
  t.ok(needsRelist(error({ code: 410, reason: 'Gone' })))
  const future = { code: 504, details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } }
  t.ok(needsRelist(error(future)))
  t.notOk(needsRelist(error({ code: 500, reason: 'InternalError' })))
  t.notOk(needsRelist(error({})))
  t.notOk(needsRelist(new Error('410')))
  for (const line of ['', '{', '7', 'null', '{"type":"ADDED"}', '{"type":"NEW","object":{}}']) {
    t.throws(() => parseWatchLine(line, 'watch /x'), { code: 'EBADJSON' }, JSON.stringify(line))
  }
  t.end()
})

t.test('versions are numbers of any length', (t) => {
  const cases: [theirs: string, ours: string, back: boolean][] = [
    ['9', '10', true],
    ['10', '9', false],
    ['10', '10', false],
    ['9007199254740992', '9007199254740993', true],
    ['', '5', false],
    ['abc', '5', false],
  ]
  for (const [theirs, ours, back] of cases)
    t.equal(wentBack(theirs, ours), back, `${theirs} ${ours}`)
  t.end()
})

t.test('the store', (t) => {
  const seen: unknown[][] = []
  const store = new Store<number>({
    name: 'rules',
    project: ({ metadata, spec }) => {
      if (metadata.name === 'broken') throw new Error('unreadable')
      return spec === 'none' ? undefined : Number(spec)
    },
    equal: (a, b) => Math.floor(a) === Math.floor(b),
    onChange: (key, now, before) => {
      seen.push([key, now, before])
      if (now === 13) throw new Error('superstition')
    },
  })
  const put = (name: string, spec: unknown, namespace?: string) =>
    store.put({ metadata: namespace === undefined ? { name } : { name, namespace }, spec })
  t.equal(put('a', 1), 'a')
  t.equal(put('a', 1, 'ns'), 'ns/a')
  put('a', 1.5)
  put('broken', 1)
  put('a', 13)
  put('__proto__', 2)
  put('a', 'none')
  put('a', 'none')
  store.remove('nobody')
  store.retain(new Set(['ns/a']))
  t.same(seen, [
    ['a', 1, undefined],
    ['ns/a', 1, undefined],
    ['a', 13, 1.5],
    ['__proto__', 2, undefined],
    ['a', undefined, 13],
    ['__proto__', undefined, 2],
  ])
  t.same([...store.items], [['ns/a', 1]])
  t.end()
})

t.test('back-off: full jitter below a doubling ceiling, never below what was asked', (t) => {
  const property = fc.property(fc.nat(20), fc.nat(60), (failures, asked) => {
    const backoff = new Backoff({ minMs: 800, maxMs: 30_000 })
    for (let i = 0; i < failures; i++) backoff.next()
    const ceiling = Math.min(30_000, 800 * 2 ** failures)
    const wait = backoff.next(asked)
    return wait >= asked * 1000 && wait <= Math.max(asked * 1000, ceiling)
  })
  t.doesNotThrow(() => fc.assert(property))
  const backoff = new Backoff({ minMs: 800, maxMs: 30_000 })
  for (let i = 0; i < 10; i++) backoff.next()
  backoff.reset()
  t.ok(backoff.next() <= 800)
  t.end()
})

t.test('lease: a holder counts until its lease has not changed for its own time', (t) => {
  const seen = new LeaseObservation()
  const lease = { holderIdentity: 'b', leaseDurationSeconds: 15, renewTime: '1970-01-01T00:00:00Z' }
  seen.see(lease, 1000)
  t.ok(seen.heldByOther('a', 15_999), 'however old its own clock says it is')
  t.notOk(seen.heldByOther('a', 16_000))
  t.notOk(seen.heldByOther('b', 1000), 'our own')
  seen.see({ ...lease }, 10_000)
  t.notOk(seen.heldByOther('a', 16_000), 'reading it again changes nothing')
  seen.see({ ...lease, renewTime: '1970-01-01T00:00:01Z' }, 10_000)
  t.ok(seen.heldByOther('a', 24_999))
  seen.see(release(lease, microTime()), 20_000)
  t.notOk(seen.heldByOther('a', 20_000), 'released')
  t.end()
})

t.test('lease: what is written', (t) => {
  t.match(microTime(), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
  const first = claim({}, 'a', 15, 't1')
  t.same(first, {
    holderIdentity: 'a',
    leaseDurationSeconds: 15,
    acquireTime: 't1',
    renewTime: 't1',
    leaseTransitions: 1,
  })
  t.match(claim(first, 'a', 15, 't2'), { acquireTime: 't1', renewTime: 't2', leaseTransitions: 1 })
  t.match(claim(first, 'b', 15, 't3'), { acquireTime: 't3', leaseTransitions: 2 })
  t.notOk(Object.hasOwn(release(first, 't4'), 'holderIdentity'))
  t.end()
})

t.test('notes are cut to bytes between characters', (t) => {
  const property = fc.property(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.integer({ min: 3, max: 60 }),
    (note, max) => {
      const cut = cutNote(note, max)
      if (Buffer.byteLength(note) <= max) return cut === Buffer.from(note).toString()
      const whole = Buffer.from(note).toString()
      return (
        Buffer.byteLength(cut) <= max && cut.endsWith('…') && whole.startsWith(cut.slice(0, -1))
      )
    },
  )
  t.doesNotThrow(() => fc.assert(property, { numRuns: 300 }))
  t.end()
})

t.test('events', (t) => {
  const regarding = { apiVersion: 'v1', kind: 'Node', name: 'A:b/é', uid: 'u' }
  const text = { type: 'Normal', reason: 'r'.repeat(200), action: 'a', note: 'n' } as const
  const event = eventObject(regarding, text, { controller: 'c', instance: 'i' }, 't')
  t.match(event.metadata, { namespace: 'default', name: /^a-b\.[0-9a-f]{16}$/ })
  t.equal(String(event['reason']).length, 128)
  t.not(seriesKey(regarding, text), seriesKey({ ...regarding, uid: 'v' }, text))
  t.not(seriesKey(regarding, text), seriesKey(regarding, { ...text, note: 'm' }))
  t.end()
})

t.test('tokens', async (t) => {
  let reads = 0
  let fail = false
  const source = cachedToken(async () => {
    reads++
    if (fail) throw new Error('away')
    return `t${reads}`
  }, 50)
  t.same(await Promise.all([source(), source(), source()]), ['t1', 't1', 't1'])
  t.equal(reads, 1, 'one reading for many')
  t.equal(await source('t1'), 't2', 'a rejected one is read anew')
  t.equal(await source('t1'), 't2', 'but only while it is the one at hand')
  await new Promise((resolve) => setTimeout(resolve, 60))
  t.equal(await source(), 't3', 'too old')
  fail = true
  await new Promise((resolve) => setTimeout(resolve, 60))
  t.equal(await source(), 't3', 'better the last one than none')
  await t.rejects(source('t3'), /away/, 'unless it was rejected')

  const dir = mkdtempSync(join(tmpdir(), 'edgenet-token-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const file = join(dir, 'token')
  await t.rejects(tokenFromFile(file)(), { code: 'ENOENT' })
  writeFileSync(file, ' \n')
  await t.rejects(tokenFromFile(file)(), /is empty/)
  writeFileSync(file, 'abc\n')
  t.equal(await tokenFromFile(file)(), 'abc')
  const env = { KUBERNETES_SERVICE_HOST: '::1', KUBERNETES_SERVICE_PORT: '443' }
  writeFileSync(join(dir, 'ca.crt'), 'CA')
  t.match(await inCluster(env, dir), { url: 'https://[::1]:443', ca: Buffer.from('CA') })
  t.equal(await inCluster({}, dir), undefined)
  t.equal(await inCluster(env, join(dir, 'nowhere')), undefined)
})

t.test('credentials never travel in the clear', (t) => {
  t.throws(() => new KubeClient({ url: 'http://127.0.0.1:1' }), /must be https/)
  t.end()
})

t.test('log lines', (t) => {
  const lines: string[] = []
  const write = (line: string) => lines.push(line)
  const json = createLogger({ level: 'info', human: false, write }, { process: 'p' })
  json.debug('no')
  const circle: { self?: unknown } = {}
  circle.self = circle
  json.with({ queue: 'q' }).warn('what', { level: 'x', error: new Error('why', { cause: 1n }) })
  json.error('circle', { circle, n: 1, gone: undefined })
  t.equal(lines.length, 2)
  t.match(JSON.parse(lines[0] ?? ''), {
    level: 'warn',
    message: 'what',
    fields: { process: 'p', queue: 'q', level: 'x', error: { message: 'why', cause: '1' } },
  })
  t.match(JSON.parse(lines[1] ?? ''), {
    message: 'circle',
    fields: { circle: /^unserialisable: .*circular/i, n: 1 },
  })
  createLogger({ level: 'debug', human: true, write }).debug('so', { n: 1, s: 'x\ny', o: { a: 1 } })
  t.match(lines[2], /^\d\d:\d\d:\d\d\.\d{3} DEBUG so n=1 s=x/)
  t.end()
})
