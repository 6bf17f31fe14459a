/** What the client and the reflector do when network, API server or store fail: on a bed of their own. */
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { KubeClient, type Page, type Query } from '../../../platform/kube/client.ts'
import { pathTo } from '../../../platform/kube/paths.ts'
import { log } from '../../../platform/log.ts'
import { startTestbed, until } from '../../testbed/index.ts'
import { Etcd } from './etcd.ts'
import { mirror, put, remove } from './mirror.ts'
import { FaultyProxy } from './proxy.ts'
import { fails, metric, namespaceFor, times } from './support.ts'

log.warn = () => {}

const bed = await startTestbed({
  components: ['etcd', 'kube-apiserver'],
  audit: false,
  // One request at a time for all but administrators: more are refused with 429.
  apiserverFlags: [
    '--enable-priority-and-fairness=false',
    '--max-requests-inflight=1',
    '--max-mutating-requests-inflight=1',
    // Pages of a list are read from the store, so that its compaction is enough to lose them.
    '--feature-gates=ListFromCacheSnapshot=false',
  ],
})
t.teardown(() => bed.stop())
const admin = bed.admin
const etcd = new Etcd(bed)
const apiserver = bed.component('kube-apiserver')

/** A client for the administrator by another way. */
function clientAt(url: string, Client: typeof KubeClient = KubeClient): KubeClient {
  const { cert, key } = bed.pki.client({ user: 'admin', groups: ['system:masters'] })
  return new Client({ url, ca: bed.pki.ca(), cert: readFileSync(cert), key: readFileSync(key) })
}

async function proxied(t: Test) {
  const proxy = await FaultyProxy.before(bed.url)
  const client = clientAt(proxy.url)
  t.teardown(async () => {
    client.close()
    await proxy.close()
  })
  return { proxy, client }
}

/** The store's memory of the past; watches are still served from the API server's own. */
async function compact(): Promise<void> {
  await put(admin, 'default', 'step', `${Date.now()}`)
  await etcd.compact()
}

const relists = (name: string) => metric('edgenet_reflector_relists_total', { name })
const errors = (name: string) => metric('edgenet_reflector_watch_errors_total', { name })

t.test('429 with Retry-After is obeyed by every verb', async (t) => {
  const namespace = await namespaceFor(t, admin)
  const group = 'rbac.authorization.k8s.io'
  await admin.create(pathTo('clusterroles'), {
    metadata: { name: 'crowd' },
    rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['*'] }],
  })
  await admin.create(pathTo('rolebindings', { namespace }), {
    metadata: { name: 'crowd' },
    roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'crowd' },
    subjects: [{ apiGroup: group, kind: 'User', name: 'crowd' }],
  })
  const crowd = bed.clientFor('crowd')
  const path = pathTo('configmaps', { namespace })
  await until(() => crowd.get(path), { what: 'the rights' })
  await times(16, (i) =>
    crowd.create(path, { metadata: { name: `c${i}` }, data: { n: 'x'.repeat(2e5) } }),
  )
  await times(16, () => crowd.get(path))
  const refused = { code: '429', resource: 'configmaps' }
  t.ok((await metric('edgenet_api_requests_total', { ...refused, verb: 'create' })) > 0)
  t.ok((await metric('edgenet_api_requests_total', { ...refused, verb: 'get' })) > 0)
  const hasty = await Promise.allSettled(
    Array.from({ length: 30 }, () => crowd.get(path, undefined, { timeoutMs: 900 })),
  )
  const seen = hasty.find((one) => one.status === 'rejected' && one.reason.status === 429)
  t.match(seen, { reason: { status: 429, retryAfterSeconds: 1 } }, 'no time to wait: told at once')
})

t.test('a connection that went dead without a word is noticed and replaced', async (t) => {
  const namespace = await namespaceFor(t, admin)
  const { proxy, client } = await proxied(t)
  const { reflector } = mirror(t, { client, namespace, idleMs: 1500 })
  await reflector.whenSynced()
  await put(admin, namespace, 'a', '1')
  await until(() => reflector.items.size === 1, { what: 'the watch' })
  proxy.freeze()
  await put(admin, namespace, 'b', '2')
  await remove(admin, namespace, 'a')
  await until(() => reflector.items.has(`${namespace}/b`) && reflector.items.size === 1, {
    what: 'the changes that the frozen connection did not bring',
  })
  t.ok((await errors(reflector.name)) >= 1)
  t.equal(await relists(reflector.name), 1, 'from where it stopped, without a new list')
})

t.test('a short outage is bridged without a list', async (t) => {
  const namespace = await namespaceFor(t, admin)
  const { proxy, client } = await proxied(t)
  await put(admin, namespace, 'a', '1')
  const { reflector, changes } = mirror(t, { client, namespace })
  await reflector.whenSynced()
  proxy.cut()
  await remove(admin, namespace, 'a')
  await put(admin, namespace, 'b', '1')
  await until(async () => (await errors(reflector.name)) >= 3, { what: 'some attempts' })
  t.equal(reflector.items.size, 1, 'the last state is kept meanwhile')
  proxy.restore()
  await until(() => changes.length === 3, { what: 'the changes' })
  t.same(changes.slice(1), [
    [`${namespace}/a`, undefined, '1'],
    [`${namespace}/b`, '1', undefined],
  ])
  t.equal(await relists(reflector.name), 1)
})

t.test('after an outage longer than the history, missed deletes become deletes', async (t) => {
  const namespace = await namespaceFor(t, admin)
  const { proxy, client } = await proxied(t)
  for (const name of ['kept', 'changed', 'deleted']) await put(admin, namespace, name, '1')
  const { reflector, changes } = mirror(t, { client, namespace })
  await reflector.whenSynced()
  changes.length = 0
  proxy.cut()
  await put(admin, namespace, 'changed', '2')
  await put(admin, namespace, 'added', '1')
  await remove(admin, namespace, 'deleted')
  await compact()
  await apiserver.restart()
  proxy.restore()
  await until(() => !reflector.items.has(`${namespace}/deleted`), { what: 'the new list' })
  t.same(
    changes.toSorted(([a], [b]) => a.localeCompare(b)),
    [
      [`${namespace}/added`, '1', undefined],
      [`${namespace}/changed`, '2', '1'],
      [`${namespace}/deleted`, undefined, '1'],
    ],
  )
  t.equal(await relists(reflector.name), 2)
})

t.test('what is deleted while the API server is down', async (t) => {
  const namespace = await namespaceFor(t, admin)
  await put(admin, namespace, 'a', '1')
  await put(admin, namespace, 'b', '1')
  const { reflector, changes } = mirror(t, { client: admin, namespace })
  await reflector.whenSynced()
  await apiserver.kill()
  await etcd.delete(`/registry/configmaps/${namespace}/a`)
  await apiserver.start()
  await until(() => reflector.items.size === 1, { what: 'the deletion' })
  t.same(changes.at(-1), [`${namespace}/a`, undefined, '1'])
  await put(admin, namespace, 'b', '2')
  await until(() => reflector.items.get(`${namespace}/b`) === '2', { what: 'the watch' })
})

/** Loses the state of the cluster that a list reads, after its first page, once. */
class Interrupted extends KubeClient {
  interruptions = 1

  override async *list<T>(
    path: string,
    query?: Query,
    options?: Parameters<KubeClient['list']>[2],
  ): AsyncGenerator<Page<T>, void, undefined> {
    for await (const page of super.list<T>(path, query, options)) {
      yield page
      if (this.interruptions-- > 0) await compact()
    }
  }
}

t.test('a list whose state is forgotten between two pages begins anew', async (t) => {
  const namespace = await namespaceFor(t, admin)
  await times(30, (i) => put(admin, namespace, `c${i}`, '1'))
  const path = pathTo('configmaps', { namespace })
  const client = clientAt(bed.url, Interrupted) as Interrupted
  t.teardown(() => client.close())
  const once = async () => {
    for await (const _ of client.list(path, { limit: 10 }));
  }
  await fails(t, once(), { name: 'ApiError', status: 410, reason: 'Expired' }, 'list says so')
  client.interruptions = 1
  t.equal((await client.listAll(path, { limit: 10 })).length, 30, 'listAll')
  client.interruptions = 1
  const { reflector } = mirror(t, { client, namespace, query: { limit: 10 } })
  await reflector.whenSynced()
  t.equal(reflector.items.size, 30, 'the reflector')
  t.equal(await relists(reflector.name), 2)
})

t.test('a store that was put back in time', async (t) => {
  const namespace = 'default'
  for (let i = 0; i < 200; i++) await put(admin, namespace, 'a', `${i}`)
  let rewinds = 0
  const { reflector } = mirror(t, { client: admin, namespace, onRewind: () => rewinds++ })
  await reflector.whenSynced()
  await apiserver.kill()
  await bed.component('etcd').kill()
  rmSync(join(bed.dir, 'etcd'), { recursive: true })
  const start = () => bed.component('etcd').start()
  await until(() => start().then(() => true), { what: 'its ports to be free', everyMs: 200 })
  await apiserver.start()
  await until(() => put(admin, namespace, 'b', '1').then(() => true), { what: 'the namespace' })
  await until(() => reflector.items.has('default/b'), { what: 'the present' })
  t.notOk(reflector.items.has('default/a'))
  t.ok(rewinds > 0, 'and that is told')
})
