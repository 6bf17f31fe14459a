/** The reflector on a real API server that is well. What happens when it is not: faults.test.ts. */
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { pathTo } from '../../../platform/kube/paths.ts'
import { Reflector } from '../../../platform/kube/reflector.ts'
import { log } from '../../../platform/log.ts'
import { sharedTestbed } from '../../testbed/shared.ts'
import { until } from '../../testbed/until.ts'
import { mirror, put, remove } from './mirror.ts'
import { metric, namespaceFor, times } from './support.ts'

log.warn = () => {}
log.error = () => {}

const bed = await sharedTestbed()
const client = bed.admin

t.test('lists what is there, page by page, and keeps the projection only', async (t) => {
  const namespace = await namespaceFor(t, client)
  await times(25, (i) => put(client, namespace, `c${i}`, `${i}`))
  await client.create(pathTo('configmaps', { namespace }), { metadata: { name: 'without' } })
  const query = { limit: 10, fieldSelector: 'metadata.name!=c7' }
  const { reflector, changes } = mirror(t, { client, namespace, query })
  t.notOk(reflector.synced)
  await reflector.whenSynced()
  t.ok(reflector.synced)
  const items = [...reflector.items].filter(([key]) => !key.endsWith('kube-root-ca.crt'))
  t.equal(items.length, 24)
  t.equal(reflector.items.get(`${namespace}/c3`), '3')
  t.notOk(reflector.items.has(`${namespace}/without`), 'projected to nothing')
  t.ok(changes.every(([, now, before]) => now !== undefined && before === undefined))
  t.equal(await metric('edgenet_reflector_objects', { name: reflector.name }), 24)
})

t.test('every change, once, in order', async (t) => {
  const namespace = await namespaceFor(t, client)
  const { reflector, changes } = mirror(t, { client, namespace })
  await reflector.whenSynced()
  const wanted: unknown[] = []
  for (let i = 0; i < 200; i++) {
    await put(client, namespace, 'a', `${i}`)
    wanted.push([`${namespace}/a`, `${i}`, i === 0 ? undefined : `${i - 1}`])
  }
  await remove(client, namespace, 'a')
  wanted.push([`${namespace}/a`, undefined, '199'])
  await put(client, namespace, 'a', 'new')
  wanted.push([`${namespace}/a`, 'new', undefined])
  await client.patch(pathTo('configmaps', { namespace, name: 'a' }), { data: null }, 'merge')
  wanted.push([`${namespace}/a`, undefined, 'new'])
  await until(() => changes.length >= wanted.length, { what: 'all changes' })
  t.same(changes, wanted)
  t.equal(reflector.items.size, 0)
})

t.test('what means the same is not told', async (t) => {
  const namespace = await namespaceFor(t, client)
  const { reflector, changes } = mirror(t, { client, namespace })
  await reflector.whenSynced()
  await put(client, namespace, 'a', '1')
  const labels = { metadata: { labels: { x: 'y' } } }
  await client.patch(pathTo('configmaps', { namespace, name: 'a' }), labels, 'merge')
  await put(client, namespace, 'b', '1')
  await until(() => reflector.items.has(`${namespace}/b`), { what: 'the last change' })
  t.equal(changes.length, 2)
})

t.test('handlers that throw are counted and stop nothing', async (t) => {
  const namespace = await namespaceFor(t, client)
  await put(client, namespace, 'bad', 'unreadable')
  await put(client, namespace, 'good', '1')
  const { reflector } = mirror(t, {
    client,
    namespace,
    project: (object) => {
      const { n } = object['data'] as { n: string }
      if (n === 'unreadable') throw new Error('cannot read it')
      return n
    },
    onChange: () => {
      throw new Error('the handler is broken')
    },
  })
  await reflector.whenSynced()
  t.same([...reflector.items.values()], ['1'])
  await put(client, namespace, 'good', 'unreadable')
  await put(client, namespace, 'later', '2')
  await until(() => reflector.items.has(`${namespace}/later`), { what: 'later changes' })
  t.equal(reflector.items.get(`${namespace}/good`), '1', 'the last state that could be read')
  const { name } = reflector
  t.equal(await metric('edgenet_reflector_handler_errors_total', { name }), 4)
  t.equal(await metric('edgenet_reflector_watch_errors_total', { name }), 0)
})

t.test(
  'bookmarks move the version on while nothing happens, and a watch follows the last',
  async (t) => {
    const namespace = await namespaceFor(t, client)
    const { reflector, changes } = mirror(t, { client, namespace, watchSeconds: 4 })
    await reflector.whenSynced()
    const { name } = reflector
    const watches = () =>
      metric('edgenet_api_requests_total', { verb: 'watch', resource: 'configmaps', code: '200' })
    const [before, started] = [reflector.resourceVersion, await watches()]
    const contact = reflector.lastContactMs
    // Elsewhere: our selector does not see it.
    const elsewhere = await namespaceFor(t, client)
    await put(client, elsewhere, 'x', '1')
    await until(() => reflector.resourceVersion !== before, { what: 'a bookmark' })
    t.ok(reflector.lastContactMs > contact, 'a sign of life, too')
    await until(async () => (await watches()) > started, { what: 'the next watch' })
    await put(client, namespace, 'a', '1')
    await until(() => changes.length === 1, { what: 'a change in the next watch' })
    t.equal(await metric('edgenet_reflector_relists_total', { name }), 1)
    t.equal(await metric('edgenet_reflector_watch_errors_total', { name }), 0)
  },
)

t.test('silence of the API server between bookmarks is no fault', async (t) => {
  const namespace = await namespaceFor(t, client)
  const { reflector } = mirror(t, { client, namespace, idleMs: 3000 })
  await reflector.whenSynced()
  await sleep(1500)
  const age = await metric('edgenet_reflector_last_contact_seconds', { name: reflector.name })
  t.ok(age >= 1.4 && age < 30, `${age} s`)
  t.equal(await metric('edgenet_reflector_watch_errors_total', { name: reflector.name }), 0)
})

t.test('start and stop', async (t) => {
  const namespace = await namespaceFor(t, client)
  const { reflector, changes } = mirror(t, { client, namespace })
  reflector.start()
  await reflector.whenSynced()
  t.equal(await metric('edgenet_reflector_relists_total', { name: reflector.name }), 1)
  await reflector.stop()
  await put(client, namespace, 'a', '1')
  await sleep(200)
  t.same(changes, [])
  reflector.start()
  t.equal(await metric('edgenet_reflector_last_contact_seconds', { name: reflector.name }), 0)

  const never = () =>
    new Reflector({ client, name: 'never', path: '/nowhere', project: () => undefined })
  const stopped = never()
  stopped.start()
  const waiting = stopped.whenSynced()
  await stopped.stop()
  await t.rejects(waiting, /never was stopped/)
  const failing = never()
  failing.start()
  await t.rejects(failing.whenSynced(AbortSignal.timeout(100)), { name: 'TimeoutError' })
  await failing.stop()
})
