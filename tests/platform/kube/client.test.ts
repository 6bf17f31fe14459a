/** The client on a real API server: verbs, paging, errors, connections. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import type { KubeObject } from '../../../core/admission/types.ts'
import { ApiError, isStatus, KubeClient, TransportError } from '../../../platform/kube/client.ts'
import { pathTo } from '../../../platform/kube/paths.ts'
import { sharedTestbed } from '../../testbed/shared.ts'
import { FaultyProxy } from './proxy.ts'
import { fails, metric, namespaceFor, times } from './support.ts'

const bed = await sharedTestbed()
const admin = bed.admin
const { cert, key } = bed.pki.client({ user: 'admin', groups: ['system:masters'] })
const connection = {
  url: bed.url,
  ca: bed.pki.ca(),
  cert: readFileSync(cert),
  key: readFileSync(key),
}

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
}

t.test('a list of 1,200 comes in pages of 500, of one state, whole', async (t) => {
  const namespace = await namespaceFor(t, admin)
  const path = pathTo('configmaps', { namespace })
  await times(1200, (i) => admin.create(path, { metadata: { name: `c${i}` } }))
  const sizes: number[] = []
  const names = new Set<string>()
  const versions = new Set<string>()
  for await (const page of admin.list<ConfigMap>(path, { fieldSelector: 'metadata.name!=c7' })) {
    sizes.push(page.items.length)
    versions.add(page.resourceVersion)
    // The controller-manager puts kube-root-ca.crt there too.
    for (const { metadata } of page.items) {
      if (/^[cz]\d/.test(metadata.name ?? '')) names.add(metadata.name ?? '')
    }
    // Added while the list is read: not in it.
    await admin.create(path, { metadata: { name: `z${sizes.length}` } })
  }
  t.same(sizes.slice(0, 2), [500, 500])
  t.equal(names.size, 1199)
  t.equal(versions.size, 1)
  const all = await admin.listAll(path, { limit: 400 })
  t.equal(all.filter(({ metadata }) => /^[cz]\d/.test(metadata.name ?? '')).length, 1203)
})

t.test('verbs', async (t) => {
  const namespace = await namespaceFor(t, admin)
  const path = pathTo('configmaps', { namespace })
  const one = pathTo('configmaps', { namespace, name: 'a' })
  const made = await admin.create<ConfigMap>(path, { metadata: { name: 'a' }, data: { x: 'é→𝒳' } })
  t.equal(made.data?.['x'], 'é→𝒳')
  const dry = { dryRun: 'All', fieldManager: undefined }
  await admin.update(one, { ...made, data: { x: 'dry' } }, dry)
  t.equal((await admin.get<ConfigMap>(one)).data?.['x'], 'é→𝒳')
  await admin.update(one, { ...made, data: { x: '1' } })
  const stale = await admin.update(one, made).catch((error: unknown) => error)
  t.match(stale, { name: 'ApiError', status: 409, reason: 'Conflict', details: { name: 'a' } })
  t.match(stale, { request: `PUT ${one}`, message: /the object has been modified/ })

  const patched = async (
    ...patch: Parameters<KubeClient['patch']> extends [string, ...infer R] ? R : never
  ) => (await admin.patch<ConfigMap>(one, ...patch)).data
  t.same(await patched({ data: { y: '2' } }, 'merge'), { x: '1', y: '2' })
  t.same(await patched([{ op: 'remove', path: '/data/x' }], 'json'), { y: '2' })
  t.same(await patched({ data: { y: null, z: '3' } }, 'strategic'), { z: '3' })
  const apply = { apiVersion: 'v1', kind: 'ConfigMap', data: { w: '4' } }
  t.same(await patched(apply, 'apply', { fieldManager: 'f', force: true }), { w: '4', z: '3' })
  t.throws(() => admin.patch(one, apply, 'apply'), /fieldManager/)
  const failed = [{ op: 'test', path: '/data/w', value: 'other' }]
  await fails(t, patched(failed, 'json'), { status: 422 })

  const wrong = { preconditions: { uid: '00000000-0000-0000-0000-000000000000' } }
  await fails(t, admin.delete(one, wrong), { status: 409 })
  await admin.delete(one, { preconditions: { uid: made.metadata.uid } })
  const gone = await admin.get(one).catch((error: unknown) => error)
  t.ok(isStatus(gone, 404))
  t.match(gone, { reason: 'NotFound' })
  await fails(t, bed.clientFor('nobody').get(one), { status: 403, reason: 'Forbidden' })
  t.ok((await metric('edgenet_api_requests_total', { verb: 'apply', code: '200' })) >= 1)
})

t.test('a call has a time limit and obeys its signal', async (t) => {
  // A watch that is read as one answer never ends.
  const path = pathTo('configmaps', { namespace: 'default' })
  const endless = (options: Parameters<KubeClient['get']>[2]) =>
    admin.get(path, { watch: true }, options)
  await fails(t, endless({ timeoutMs: 200 }), {
    code: 'ETIMEDOUT',
    message: /no answer in 200 ms/,
  })
  const abort = new AbortController()
  const call = endless({ signal: abort.signal })
  setTimeout(() => abort.abort(new Error('changed my mind')), 50)
  await t.rejects(call, /changed my mind/)
  await t.rejects(endless({ signal: abort.signal }), /changed my mind/, 'aborted before')
  await t.resolves(admin.get('/version'), 'the connection pool is in order')
})

t.test('what is no JSON says so', async (t) => {
  await t.rejects(admin.get('/readyz'), { code: 'EBADJSON', message: /GET \/readyz: .*"ok"/ })
})

t.test('the server is checked', async (t) => {
  const version = async (change: object) => {
    const client = new KubeClient({ ...connection, ...change })
    t.teardown(() => client.close())
    return client.get('/version').then(
      () => 'ok',
      (error: unknown) => (error instanceof TransportError ? error.code : error),
    )
  }
  t.equal(await version({}), 'ok')
  t.match(await version({ ca: undefined }), /VERIFY|SELF_SIGNED/)
  t.equal(await version({ ca: undefined, insecure: true }), 'ok')
  t.equal(await version({ serverName: 'kubernetes.default.svc' }), 'ok')
  t.equal(await version({ serverName: 'elsewhere.example' }), 'ERR_TLS_CERT_ALTNAME_INVALID')
  t.equal(await version({ url: 'https://127.0.0.1:1' }), 'ECONNREFUSED')
  const nobody = new KubeClient({ url: bed.url, ca: connection.ca, token: () => 'wrong' })
  t.teardown(() => nobody.close())
  await fails(t, nobody.get('/api/v1/nodes'), { status: 401, reason: 'Unauthorized' })
})

t.test('connections are kept and bounded; a watch has one of its own', async (t) => {
  const proxy = await FaultyProxy.before(bed.url)
  const client = new KubeClient({ ...connection, url: proxy.url })
  t.teardown(() => proxy.close())
  t.teardown(() => client.close())
  for (let i = 0; i < 50; i++) await client.get('/version')
  t.equal(proxy.accepted, 1)
  await Promise.all(Array.from({ length: 200 }, () => client.get('/version')))
  t.ok(proxy.accepted > 1 && proxy.accepted <= 32, `${proxy.accepted} for 200 calls at once`)

  const abort = new AbortController()
  const watches = Array.from({ length: 40 }, async () => {
    const query = { watch: true, fieldSelector: 'metadata.name=default' }
    for await (const _ of client.stream(pathTo('namespaces'), query, { signal: abort.signal })) {
      return client.get('/version')
    }
    return undefined
  })
  const answers = await Promise.all(watches)
  t.ok(
    answers.every((answer) => answer !== undefined),
    '40 open watches leave room for calls',
  )
  abort.abort()
})

t.test('a read is repeated when its connection dies, a write is not', async (t) => {
  const namespace = await namespaceFor(t, admin)
  const path = pathTo('configmaps', { namespace })
  const proxy = await FaultyProxy.before(bed.url)
  const client = new KubeClient({ ...connection, url: proxy.url })
  t.teardown(() => proxy.close())
  t.teardown(() => client.close())
  await client.get('/version')
  proxy.dropNext(1)
  await t.resolves(client.get('/version'))
  proxy.dropNext(1)
  const lost = await client
    .create(path, { metadata: { name: 'a' } })
    .catch((error: unknown) => error)
  t.match(lost, { name: 'TransportError', code: 'ECONNRESET' })
  proxy.dropNext(99)
  await t.rejects(client.get('/version'), TransportError, 'a bounded number of times')
  proxy.dropNext(0)
  await t.resolves(client.get('/version'))
})

t.test('one call that gets no answer is enough to leave dead connections', async (t) => {
  const proxy = await FaultyProxy.before(bed.url)
  const client = new KubeClient({ ...connection, url: proxy.url })
  t.teardown(() => proxy.close())
  t.teardown(() => client.close())
  await Promise.all(Array.from({ length: 5 }, () => client.get('/version')))
  proxy.freeze()
  const limit = { timeoutMs: 300 }
  await t.rejects(client.get('/version', undefined, limit), { code: 'ETIMEDOUT' })
  await t.resolves(client.get('/version'))
})

t.test('a closed client', async (t) => {
  const client = new KubeClient(connection)
  const running = client.get(pathTo('namespaces'), { watch: true })
  setTimeout(() => client.close(), 100)
  await t.rejects(running, TransportError)
  await t.rejects(client.get('/version'), { code: 'ECLOSED' })
})

t.test(
  'a stream ends cleanly when the API server ends it, and says when it was refused',
  async (t) => {
    const lines: string[] = []
    const query = { watch: true, timeoutSeconds: 1 }
    for await (const line of admin.stream(pathTo('namespaces'), query)) lines.push(line)
    t.ok(lines.length > 0)
    const refused = async () => {
      for await (const _ of bed.clientFor('nobody').stream(pathTo('namespaces'), query)) t.fail()
    }
    await t.rejects(refused(), ApiError)
  },
)
