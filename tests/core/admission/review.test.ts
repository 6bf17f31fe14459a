import fc from 'fast-check'
import t from 'tap'
import { budgetMs, parseGoDuration } from '../../../core/admission/deadline.ts'
import { renderReview, statusOf } from '../../../core/admission/response.ts'
import { parseReview } from '../../../core/admission/review.ts'
import { cutToBytes, oneLine } from '../../../core/admission/text.ts'
import { allow, DeadlineExceeded, deny, fromError } from '../../../core/admission/verdicts.ts'
import { Refusal } from '../../../core/refusal.ts'

const uid = '705ab4f5-6393-11e8-b7cc-42010a800002'

function review(request: object = {}): object {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid,
      kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
      resource: { group: 'apps', version: 'v1', resource: 'deployments' },
      operation: 'CREATE',
      userInfo: { username: 'ann', groups: ['system:authenticated'], extra: { a: ['b'] } },
      object: { metadata: { name: 'web', annotations: { a: 'b' }, creationTimestamp: null } },
      oldObject: null,
      ...request,
    },
  }
}

function parsed(body: unknown) {
  const result = parseReview(body)
  if (!result.ok) throw result.refusal
  return result.request
}

t.test('a review is read, null is absent, and the rest passes through', async (t) => {
  const request = parsed(
    review({
      name: null,
      namespace: 'default',
      requestKind: { group: 'apps' },
      options: { kind: 'CreateOptions' },
      object: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web', creationTimestamp: null, managedFields: [{ manager: 'x' }] },
        spec: { a: null },
        status: null,
      },
    }),
  )
  t.equal(request.uid, uid)
  t.notOk('name' in request)
  t.equal(request.oldObject, null)
  t.strictSame(request.options, { kind: 'CreateOptions' })
  t.strictSame(request.object, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', managedFields: [{ manager: 'x' }] },
    spec: { a: null },
  })
  const { object, ...without } = (review() as { request: Record<string, unknown> }).request
  t.ok(object)
  const deleted = parsed({ ...review(), request: { ...without, operation: 'DELETE' } })
  t.equal(deleted.object, null, 'an absent object is null')
  const exec = parsed(review({ operation: 'CONNECT', object: { command: ['sh'] } }))
  t.strictSame(exec.object, { command: ['sh'], metadata: {} }, 'options have no metadata')
})

t.test('keys of prototypes stay plain keys', async (t) => {
  const text = JSON.stringify(review()).replace('"a":"b"', '"__proto__":"x","constructor":"y"')
  const request = parsed(JSON.parse(text))
  const annotations = request.object?.metadata.annotations ?? {}
  t.strictSame(Object.keys(annotations), ['__proto__', 'constructor'])
  t.equal(Object.getPrototypeOf(request.object), Object.prototype)
  t.equal(parseReview(Object.create(review())).ok, false, 'what is inherited does not count')
})

t.test('what is no review is refused, by the field at fault', async (t) => {
  const meta = (metadata: unknown) => review({ object: { metadata } })
  const table: [field: string, body: unknown, readable?: false][] = [
    ['body', null, false],
    ['body', [], false],
    ['body', 'text', false],
    ['body', undefined, false],
    ['request', {}, false],
    ['request.uid', review({ uid: undefined }), false],
    ['request.uid', review({ uid: 7 }), false],
    ['request.uid', review({ uid: '' }), false],
    ['request.uid', review({ uid: 'x'.repeat(257) }), false],
    ['apiVersion', { ...review(), apiVersion: 'admission.k8s.io/v1beta1' }],
    ['apiVersion', { ...review(), apiVersion: undefined }],
    ['kind', { ...review(), kind: 'TokenReview' }],
    ['request.operation', review({ operation: 'create' })],
    ['request.operation', review({ operation: ['CREATE'] })],
    ['request.kind', review({ kind: 'Pod' })],
    ['request.kind.version', review({ kind: { group: '', kind: 'Pod' } })],
    ['request.resource.resource', review({ resource: { group: '', version: 'v1', resource: 1 } })],
    ['request.subResource', review({ subResource: {} })],
    ['request.name', review({ name: 5 })],
    ['request.namespace', review({ namespace: ['a'] })],
    ['request.dryRun', review({ dryRun: 'false' })],
    ['request.userInfo', review({ userInfo: undefined })],
    ['request.userInfo.username', review({ userInfo: {} })],
    ['request.userInfo.groups', review({ userInfo: { username: 'a', groups: 'b' } })],
    ['request.userInfo.groups[1]', review({ userInfo: { username: 'a', groups: ['b', 1] } })],
    ['request.userInfo.extra[k]', review({ userInfo: { username: 'a', extra: { k: 'v' } } })],
    ['request.userInfo.extra[k][0]', review({ userInfo: { username: 'a', extra: { k: [1] } } })],
    ['request.object', review({ object: [] })],
    ['request.object', review({ object: 'x' })],
    ['request.object.kind', review({ object: { kind: 1, metadata: {} } })],
    ['request.object.metadata', review({ object: {} })],
    ['request.object.metadata', meta([])],
    ['request.object.metadata.name', meta({ name: {} })],
    ['request.object.metadata.generation', meta({ generation: '1' })],
    ['request.object.metadata.labels', meta({ labels: ['a'] })],
    ['request.object.metadata.labels[a]', meta({ labels: { a: 1 } })],
    ['request.object.metadata.annotations[a]', meta({ annotations: { a: null } })],
    ['request.object.metadata.annotations[a]', meta({ annotations: { a: { b: 'c' } } })],
    ['request.object.metadata.finalizers[0]', meta({ finalizers: [{}] })],
    ['request.object.metadata.ownerReferences', meta({ ownerReferences: {} })],
    ['request.object.metadata.ownerReferences[0]', meta({ ownerReferences: ['x'] })],
    [
      'request.object.metadata.ownerReferences[0].uid',
      meta({
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'x' }],
      }),
    ],
    ['request.oldObject.metadata.uid', review({ oldObject: { metadata: { uid: 1 } } })],
  ]
  for (const [field, body, readable = true] of table) {
    const result = parseReview(body)
    t.match(result, { ok: false, refusal: { field, code: 'EDGENET_REVIEW_INVALID' } }, field)
    t.equal(result.ok ? '' : result.uid, readable ? uid : undefined, `${field}: uid`)
  }
})

t.test('no value of any shape makes the parser throw', async (t) => {
  const anything = fc.anything({ withNullPrototype: true, maxDepth: 3 })
  const members = fc.record(
    {
      uid: fc.oneof(fc.constant(uid), anything),
      kind: anything,
      operation: fc.oneof(fc.constant('UPDATE'), anything),
      userInfo: fc.oneof(fc.record({ username: fc.string(), groups: anything }), anything),
      object: fc.oneof(fc.record({ metadata: anything }), anything),
      oldObject: anything,
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(members, (request) => {
      const result = parseReview(review(request))
      return result.ok || result.refusal instanceof Refusal
    }),
    { numRuns: 2000 },
  )
  t.pass('2,000 shapes')
})

t.test('an answer carries uid, patch and warnings', async (t) => {
  const patch = [{ op: 'add', path: '/metadata/labels', value: { é: '🜨' } }] as const
  const { response, ...head } = renderReview({ uid }, allow(patch, ['two nodes match']))
  t.strictSame(head, { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' })
  t.match(response, { uid, allowed: true, patchType: 'JSONPatch', warnings: ['two nodes match'] })
  t.strictSame(JSON.parse(Buffer.from(response.patch ?? '', 'base64').toString()), patch)
  t.strictSame(renderReview({ uid }, allow()).response, { uid, allowed: true })
  t.strictSame(renderReview({ uid }, allow([], [])).response, { uid, allowed: true })
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const bad = allow([{ op: 'add', path: '/spec', value: { n: [value] } }])
    t.throws(() => renderReview({ uid }, bad), RangeError, 'JSON would say null')
  }
})

t.test('warnings: four, short, one line', async (t) => {
  const given = ['a\nb\tc', 'é'.repeat(200), '𝒳'.repeat(64), 'x'.repeat(255), 'fifth']
  const { warnings = [] } = renderReview({ uid }, allow([], given)).response
  t.equal(warnings.length, 4)
  t.equal(warnings[0], 'a b c', 'a control character would make the API server drop it')
  t.equal(warnings[1], `${'é'.repeat(126)}…`, 'an even number of bytes before the cut')
  t.equal(warnings[2], `${'𝒳'.repeat(63)}…`, 'never half a code point')
  t.equal(warnings[3], 'x'.repeat(255), '255 bytes are not cut')
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc.integer({ min: 3, max: 300 }),
      (text, max) => {
        const cut = cutToBytes(text, max)
        const whole = text.toWellFormed()
        if (Buffer.byteLength(whole) <= max) return cut === whole
        // A cut wastes less than one code point of four bytes.
        const bytes = Buffer.byteLength(cut)
        const fits = bytes <= max && bytes > max - 4
        return fits && cut.endsWith('…') && whole.startsWith(cut.slice(0, -1)) && cut.isWellFormed()
      },
    ),
  )
  t.equal(cutToBytes('\ud800', 9), '\ufffd', 'half a pair cannot be sent')
  t.equal(oneLine('\u2028 a \u0000\u0085 b\r\n'), 'a   b')
})

t.test('a refusal says what, where and which', async (t) => {
  const about = { uid, kind: { group: 'apps', version: 'v1', kind: 'Deployment' }, name: 'web' }
  const denial = deny(422, 'EDGENET_COUNTRY_UNKNOWN', 'no country XX', 'metadata.annotations[a]')
  const message = 'no country XX [EDGENET_COUNTRY_UNKNOWN]'
  t.strictSame(renderReview(about, denial).response, {
    uid,
    allowed: false,
    status: {
      status: 'Failure',
      code: 422,
      reason: 'Invalid',
      message,
      details: {
        group: 'apps',
        kind: 'Deployment',
        name: 'web',
        causes: [{ field: 'metadata.annotations[a]', message, reason: 'EDGENET_COUNTRY_UNKNOWN' }],
      },
    },
  })
  const sentence = 'metadata.annotations[a]: there is no country XX'
  const opened = statusOf(deny(422, 'EDGENET_A', sentence, 'metadata.annotations[a]'))
  t.equal(opened.message, `${sentence} [EDGENET_A]`)
  t.equal(opened.details?.causes[0]?.message, 'there is no country XX [EDGENET_A]', 'said once')
  const reasons: [number, number, string][] = [
    [400, 400, 'BadRequest'],
    [403, 403, 'Forbidden'],
    [409, 409, 'Conflict'],
    [422, 422, 'Invalid'],
    [429, 429, 'TooManyRequests'],
    [500, 500, 'InternalError'],
    [504, 504, 'Timeout'],
    [418, 418, 'BadRequest'],
    [599, 599, 'InternalError'],
    [200, 403, 'Forbidden'],
    [Number.NaN, 403, 'Forbidden'],
  ]
  for (const [given, code, reason] of reasons) {
    t.match(statusOf(deny(given, 'X', 'm')), { code, reason }, String(given))
  }
  const long = statusOf(deny(422, 'EDGENET_X', 'é'.repeat(300_000), 'f'))
  t.ok(Buffer.byteLength(long.message) <= 2048)
  t.ok(long.message.endsWith('é… [EDGENET_X]'), 'the code survives the cut')
})

t.test('errors become verdicts: never open for a guard', async (t) => {
  const refusal = new Refusal('EDGENET_X', 'spec.a', 'a is wrong')
  for (const onError of ['deny', 'allow'] as const) {
    t.strictSame(fromError(refusal, onError), deny(422, 'EDGENET_X', 'a is wrong', 'spec.a'))
  }
  for (const thrown of [new Error('secret detail'), 'text', undefined, null]) {
    t.match(fromError(thrown), { allowed: false, status: 500, code: 'EDGENET_INTERNAL' })
    t.match(fromError(thrown, 'allow'), { allowed: true, warnings: [/\[EDGENET_INTERNAL\]$/] })
    t.notMatch(JSON.stringify(fromError(thrown)), /secret/)
  }
  const late = new DeadlineExceeded(9500)
  t.match(fromError(late), { allowed: false, status: 504, code: 'EDGENET_TIMEOUT' })
  t.match(fromError(late, 'allow'), { allowed: true, warnings: [/\[EDGENET_TIMEOUT\]$/] })
})

t.test('durations as Go writes them, and the time that they leave', async (t) => {
  const durations: [string, number | undefined][] = [
    ['10s', 10_000],
    ['1m0s', 60_000],
    ['9.5s', 9500],
    ['300ms', 300],
    ['1h2m3.5s', 3_723_500],
    ['5µs', 0.005],
    ['7us', 0.007],
    ['0s', 0],
    ['', undefined],
    ['10', undefined],
    ['-10s', undefined],
    ['10s ', undefined],
    ['s', undefined],
    ['1e3s', undefined],
    ['٣s', undefined],
    [`${'1s'.repeat(40)}`, undefined],
  ]
  for (const [text, ms] of durations) t.equal(parseGoDuration(text), ms, text)
  const budgets: [unknown, number][] = [
    ['10s', 9500],
    ['30s', 9500],
    ['5s', 4500],
    ['1s', 500],
    ['200ms', 100],
    ['0s', 9500],
    ['soon', 9500],
    [undefined, 9500],
    [['1s', '2s'], 9500],
  ]
  for (const [timeout, ms] of budgets) t.equal(budgetMs(timeout), ms, String(timeout))
})
