import t from 'tap'
import type { AdmissionRequest } from '../../../core/admission/types.ts'
import { allow, deny } from '../../../core/admission/verdicts.ts'
import { Refusal } from '../../../core/refusal.ts'
import { registry } from '../../../platform/metrics.ts'
import { hook, makeCertificate, memoryLog, responseOf, review, startFor, uid } from './support.ts'

const made = makeCertificate(t.testdir(), { name: 'server' })
const never = () => new Promise<never>(() => {})

t.test('a decision: answer, one log line, metrics', async (t) => {
  const seen: AdmissionRequest[] = []
  const patch = [{ op: 'add', path: '/metadata/labels', value: { a: 'b' } }] as const
  const { post, lines } = await startFor(t, made, {
    hooks: [
      hook('mutate', (request) => {
        seen.push(request)
        return allow(patch, ['w'.repeat(300), 'second'])
      }),
      hook('guard', async () => deny(403, 'EDGENET_NO', 'not for you', 'spec.a')),
    ],
  })
  const answer = await post('/hooks/mutate?timeout=10s', review())
  t.match(answer.headers['content-type'], /^application\/json/)
  t.not(answer.headers.connection, 'close')
  const mutated = responseOf(answer)
  t.match(mutated, { uid, allowed: true, patchType: 'JSONPatch' })
  t.strictSame(JSON.parse(Buffer.from(mutated.patch ?? '', 'base64').toString()), patch)
  t.strictSame(mutated.warnings, [`${'w'.repeat(252)}…`, 'second'])
  t.match(seen, [{ uid, operation: 'CREATE', userInfo: { username: 'ann' } }])

  const dry = review({ dryRun: true, name: '', object: { metadata: { generateName: 'web-' } } })
  const guarded = responseOf(await post('/hooks/guard', dry))
  t.match(guarded, { uid, allowed: false, status: { code: 403, reason: 'Forbidden' } })
  t.equal(guarded.status?.message, 'not for you [EDGENET_NO]')

  const decisions = lines.filter(({ message }) => message === 'decision')
  t.match(decisions, [
    { level: 'info', fields: { hook: 'mutate', name: 'web', allowed: true, dryRun: false } },
    { level: 'info', fields: { hook: 'guard', name: 'web-', allowed: false, code: 'EDGENET_NO' } },
  ])
  t.match(decisions[1]?.fields, {
    uid,
    operation: 'CREATE',
    kind: 'Deployment',
    namespace: 'default',
    user: 'ann',
    ms: Number,
    dryRun: true,
  })
  t.equal(decisions.length, 2)
  t.match(await registry.metrics(), metric('mutate', 'CREATE', 'true', '', 1))
  t.match(await registry.metrics(), metric('guard', 'CREATE', 'false', 'EDGENET_NO', 1))
  t.match(await registry.metrics(), 'edgenet_admission_seconds_count{hook="guard"} 1')
  t.match(await registry.metrics(), 'edgenet_admission_in_flight{hook="guard"} 0')
})

function metric(hook: string, operation: string, allowed: string, code: string, n: number) {
  const labels = `hook="${hook}",operation="${operation}",allowed="${allowed}",code="${code}"`
  return `edgenet_admission_requests_total{${labels}} ${n}`
}

t.test('hostile objects get the verdict of the hook, and the server lives', async (t) => {
  const objects: unknown[] = []
  const { post } = await startFor(t, made, {
    hooks: [
      hook('guard', ({ object }) => {
        objects.push(object)
        return allow()
      }),
    ],
  })
  const whole = JSON.stringify(review({ object: { metadata: { name: 'x' }, data: 'HERE' } }))
  const withData = (json: string) => whole.replace('"HERE"', () => json)
  const deep = '['.repeat(100_000) + ']'.repeat(100_000)
  const table: [what: string, json: string][] = [
    ['__proto__', '{"__proto__":{"polluted":true}}'],
    ['constructor', '{"constructor":{"prototype":{"polluted":true}}}'],
    ['100,000 levels', deep],
    ['300 digits', `[${'9'.repeat(300)},-${'9'.repeat(400)},0.${'0'.repeat(400)}1]`],
    ['odd Unicode', '"\\ud800\\u0000\u202e\u{1F468}\u200d\u{1F469}"'],
    ['3 MB', JSON.stringify({ text: 'ü'.repeat(1_500_000) })],
    ['6.9 MB', JSON.stringify('x'.repeat(6_900_000))],
    ['100,000 keys', JSON.stringify(Object.fromEntries(Array(100_000).entries()))],
    ['twice the same key', '{"a":1,"a":2}'],
  ]
  for (const [what, json] of table) {
    const response = responseOf(await post('/hooks/guard', withData(json)))
    t.strictSame(response, { uid, allowed: true }, what)
  }
  t.equal(objects.length, table.length)
  t.equal(Reflect.get({}, 'polluted'), undefined)
  const first = Object(objects[0]) as { data: object }
  t.strictSame(Object.keys(first.data), ['__proto__'], 'the key is there for the hook to see')
  const big = Object(objects[5]) as { data: { text: string } }
  t.equal(big.data.text.length, 1_500_000, 'nothing is cut')
})

t.test(
  'a hook that runs out of stack, or patches with what JSON has not, is a failed hook',
  async (t) => {
    const depth = (value: unknown): number =>
      Array.isArray(value) ? 1 + Math.max(0, ...value.map(depth)) : 0
    const { post } = await startFor(t, made, {
      hooks: [
        hook('recursive', ({ object }) => deny(403, 'DEPTH', String(depth(object?.['data'])))),
        hook('infinite', () => allow([{ op: 'add', path: '/a', value: Number('9'.repeat(400)) }])),
        hook('echo', ({ object }) => allow([{ op: 'add', path: '/a', value: object?.['data'] }])),
        hook('nothing', () => JSON.parse('null')),
      ],
    })
    const data = '['.repeat(100_000) + ']'.repeat(100_000)
    const body = JSON.stringify(review({ object: { metadata: {}, data: 'X' } })).replace(
      '"X"',
      data,
    )
    for (const name of ['recursive', 'infinite', 'echo', 'nothing']) {
      const response = responseOf(await post(`/hooks/${name}`, body))
      t.match(response, { uid, allowed: false, status: { code: 500 } }, name)
      t.match(response.status?.details?.causes, [{ reason: 'EDGENET_INTERNAL' }])
    }
  },
)

t.test('garbage gets its own HTTP status, and the uid back when there is one', async (t) => {
  const { post } = await startFor(t, made, { pathPrefix: '/s3cret', hooks: [hook('guard')] })
  const path = '/s3cret/hooks/guard'
  const valid = JSON.stringify(review())
  const badUtf8 = Buffer.concat([Buffer.from(valid.slice(0, -1)), Buffer.from([0x22, 0xff, 0x7d])])
  const inString = Buffer.from(valid.replace('"web"', '"\u00a7"'))
  inString[inString.indexOf(0xc2)] = 0xff
  const type = (value: string) => ({ headers: { 'content-type': value } })
  const table: [what: string, status: number, answer: ReturnType<typeof post>][] = [
    ['not JSON', 400, post(path, '{"a":')],
    ['empty', 400, post(path, '')],
    ['invalid UTF-8 outside', 400, post(path, badUtf8)],
    ['invalid UTF-8 in a string', 400, post(path, inString)],
    ['no review', 400, post(path, '[]')],
    ['null', 400, post(path, 'null')],
    ['no uid', 400, post(path, review({ uid: null }))],
    ['text', 415, post(path, valid, type('text/plain'))],
    ['yaml', 415, post(path, valid, type('application/yaml'))],
    ['protobuf', 415, post(path, valid, type('application/vnd.kubernetes.protobuf'))],
    ['no type', 415, post(path, valid, type(''))],
    ['no such hook', 404, post('/s3cret/hooks/other', valid)],
    ['without the secret', 404, post('/hooks/guard', valid)],
    ['GET', 404, post(path, '', { method: 'GET' })],
  ]
  for (const [what, status, answer] of table) {
    const { status: got, text } = await answer
    t.equal(got, status, what)
    t.match(JSON.parse(text), { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: status })
  }
  const wrong = { ...review(), apiVersion: 'admission.k8s.io/v1beta1' }
  t.match(responseOf(await post(path, wrong)), {
    uid,
    allowed: false,
    status: {
      code: 400,
      reason: 'BadRequest',
      message: /apiVersion must be .*\[EDGENET_REVIEW_INVALID\]/,
    },
  })
  const typed = await post(path, valid, type('application/json; charset=utf-8'))
  t.match(responseOf(typed), { allowed: true })
})

t.test('7 MiB is the limit', async (t) => {
  const { post } = await startFor(t, made, {})
  const limit = 7 * 1024 * 1024
  const empty = JSON.stringify(review({ options: '' }))
  const filled = (bytes: number) =>
    empty.replace('"options":""', `"options":"${'x'.repeat(bytes - empty.length)}"`)
  t.match(responseOf(await post('/hooks/guard', filled(limit))), { uid, allowed: true })
  // The server answers and hangs up while the body is still on its way: either is a refusal.
  const status = await post('/hooks/guard', filled(limit + 1)).then(
    (answer) => answer.status,
    (error) => error.code,
  )
  t.ok([413, 'EPIPE', 'ECONNRESET'].includes(status), String(status))
  // Refused by its announced length alone, before the body.
  const announced = { headers: { 'content-length': String(limit + 1) } }
  t.equal((await post('/hooks/guard', 'x', announced)).status, 413)
  t.match(responseOf(await post('/hooks/guard', review())), { allowed: true }, 'alive')
})

t.test('a hook that fails: the guard denies, the adviser allows and says so', async (t) => {
  const throwing = () => {
    throw new Error('secret detail')
  }
  const odd = () => Promise.reject(undefined)
  const aborted: string[] = []
  const obedient = (_request: AdmissionRequest, { signal }: { signal: AbortSignal }) =>
    new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        aborted.push('obedient')
        reject(new Error('gave up'))
      })
    })
  const adviser = { onError: 'allow' }
  const { post, lines } = await startFor(t, made, {
    hooks: [
      hook('guard-throws', throwing),
      hook('guard-rejects', odd),
      hook('guard-hangs', never),
      hook('guard-obeys', obedient),
      hook('adviser-throws', throwing, adviser),
      hook('adviser-hangs', never, adviser),
      hook(
        'adviser-refuses',
        () => {
          throw new Refusal('EDGENET_COUNTRY_UNKNOWN', 'metadata.annotations[a]', 'no country XX')
        },
        adviser,
      ),
    ],
  })
  const ask = async (name: string) =>
    responseOf(await post(`/hooks/${name}?timeout=600ms`, review({ operation: 'UPDATE' })))
  const [throws, rejects, hangs, obeys, advises, advisesLate, refuses] = await Promise.all(
    [
      ...['guard-throws', 'guard-rejects', 'guard-hangs', 'guard-obeys'],
      ...['adviser-throws', 'adviser-hangs', 'adviser-refuses'],
    ].map(ask),
  )
  for (const failed of [throws, rejects]) {
    t.match(failed, { uid, allowed: false, status: { code: 500, reason: 'InternalError' } })
    t.match(failed?.status?.message, /\[EDGENET_INTERNAL\]$/)
    t.notMatch(failed?.status?.message, /secret/)
  }
  for (const late of [hangs, obeys]) {
    t.match(late, { uid, allowed: false, status: { code: 504, message: /\[EDGENET_TIMEOUT\]$/ } })
  }
  t.strictSame(aborted, ['obedient'], 'the signal was raised')
  t.match(advises, { uid, allowed: true, warnings: [/unchecked \[EDGENET_INTERNAL\]$/] })
  t.match(advisesLate, { uid, allowed: true, warnings: [/unchecked \[EDGENET_TIMEOUT\]$/] })
  t.match(refuses, {
    allowed: false,
    status: {
      code: 422,
      reason: 'Invalid',
      message: 'no country XX [EDGENET_COUNTRY_UNKNOWN]',
      details: { name: 'web', causes: [{ field: 'metadata.annotations[a]' }] },
    },
  })
  const failures = lines.filter(({ message }) => message === 'hook failed')
  t.equal(failures.length, 6, 'a refusal is no failure')
  t.ok(failures.every(({ fields }) => fields['error'] instanceof Error && fields['uid'] === uid))
  const metrics = await registry.metrics()
  t.match(metrics, 'edgenet_admission_errors_total{hook="adviser-throws"} 1')
  t.match(metrics, metric('adviser-throws', 'UPDATE', 'true', '', 1))
  t.match(metrics, metric('guard-hangs', 'UPDATE', 'false', 'EDGENET_TIMEOUT', 1))
  t.notMatch(metrics, 'edgenet_admission_errors_total{hook="adviser-refuses"}')
})

t.test('a log that fails costs the request, not the process', async (t) => {
  const { log } = memoryLog()
  const info = (message: string) => {
    if (message === 'decision') throw new Error('disk full')
  }
  const { post } = await startFor(t, made, { log: { ...log, info } })
  t.match(responseOf(await post('/hooks/guard', review())), {
    uid,
    allowed: false,
    status: { code: 500, message: /\[EDGENET_INTERNAL\]$/ },
  })
})
