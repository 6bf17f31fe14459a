/** Events as people see them: in `kubectl get events`. */
import t, { type Test } from 'tap'
import type { KubeObject } from '../../../core/admission/types.ts'
import { KubeClient } from '../../../platform/kube/client.ts'
import { EventRecorder, type EventText, type Regarding } from '../../../platform/kube/events.ts'
import { pathTo } from '../../../platform/kube/paths.ts'
import { log } from '../../../platform/log.ts'
import { sharedTestbed } from '../../testbed/shared.ts'
import { until } from '../../testbed/until.ts'
import { metric, namespaceFor, within } from './support.ts'

log.warn = () => {}

const bed = await sharedTestbed()
const reporter = { controller: 'edge-net.io/test', instance: 'test-0' }
const moved: EventText = { type: 'Warning', reason: 'Moved', action: 'Move', note: 'from A to B' }

interface Event extends KubeObject {
  readonly note?: string
  readonly series?: { readonly count: number }
}

async function subject(t: Test): Promise<Regarding & { namespace: string }> {
  const namespace = await namespaceFor(t, bed.admin)
  const made = await bed.admin.create(pathTo('configmaps', { namespace }), {
    metadata: { name: 'a' },
  })
  return { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'a', uid: made.metadata.uid ?? '' }
}

const eventsIn = (namespace: string) => bed.admin.listAll<Event>(pathTo('events', { namespace }))

t.test('seen by kubectl, with their count', async (t) => {
  const regarding = await subject(t)
  const { namespace } = regarding
  const recorder = new EventRecorder({ client: bed.admin, ...reporter, patchMs: 200 })
  for (let i = 0; i < 7; i++) recorder.record(regarding, moved)
  recorder.record(regarding, { ...moved, type: 'Normal', reason: 'Back', note: 'home' })
  const row = /\sWarning\s+Moved\s+configmap\/a\s.*from A to B\s+\S+\s+(\d+)\s/
  const count = async () => {
    const { stdout } = await bed.kubectl(['get', 'events', '-n', namespace, '-o', 'wide'])
    return row.exec(stdout)?.[1]
  }
  await until(async () => (await count()) === '7', { what: 'a count of 7' })
  const described = await bed.kubectl(['describe', 'configmap', 'a', '-n', namespace])
  t.match(described.stdout, /Normal\s+Back\s.*test.*home/)
  recorder.record(regarding, moved)
  await until(async () => (await count()) === '8', { what: 'the next one, once its time has come' })
  t.equal((await eventsIn(namespace)).length, 2)

  for (const { metadata } of await eventsIn(namespace)) {
    await bed.admin.delete(pathTo('events', { namespace, name: metadata.name }))
  }
  recorder.record(regarding, moved)
  await until(async () => (await eventsIn(namespace)).length === 1, {
    what: 'a new event for one that is gone',
  })
  await recorder.stop()
})

t.test('a series is written at most as often as said, and at the end', async (t) => {
  const regarding = await subject(t)
  const before = await metric('edgenet_events_total', { result: 'repeated' })
  const recorder = new EventRecorder({ client: bed.admin, ...reporter })
  recorder.record(regarding, moved)
  await until(async () => (await eventsIn(regarding.namespace)).length === 1, { what: 'the event' })
  for (let i = 0; i < 500; i++) recorder.record(regarding, moved)
  t.equal(await metric('edgenet_events_total', { result: 'repeated' }), before)
  await recorder.stop()
  t.equal(await metric('edgenet_events_total', { result: 'repeated' }), before + 1)
  t.match(await eventsIn(regarding.namespace), [{ series: { count: 501 } }])
  recorder.record(regarding, moved)
  t.equal((await eventsIn(regarding.namespace)).length, 1, 'nothing after the end')
})

t.test('after a pause it is a new event', async (t) => {
  const regarding = await subject(t)
  const recorder = new EventRecorder({ client: bed.admin, ...reporter, seriesMs: 20, patchMs: 0 })
  recorder.record(regarding, moved)
  await new Promise((resolve) => setTimeout(resolve, 60))
  recorder.record(regarding, moved)
  await recorder.stop()
  t.equal((await eventsIn(regarding.namespace)).length, 2)
})

t.test('the API server takes what we make of odd input', async (t) => {
  const regarding = await subject(t)
  const recorder = new EventRecorder({ client: bed.admin, ...reporter })
  const failed = await metric('edgenet_events_total', { result: 'failed' })
  recorder.record(regarding, { ...moved, note: '→'.repeat(5000) })
  recorder.record(regarding, { ...moved, reason: 'R'.repeat(500), action: 'A'.repeat(500) })
  recorder.record({ ...regarding, name: 'system:Odd_Name/with.dots.' }, moved)
  const long = { apiVersion: 'v1', kind: 'Node', name: `${'n'.repeat(250)}.x`, uid: 'u' }
  recorder.record(long, { ...moved, note: `cluster-wide ${regarding.namespace}` })
  await recorder.stop()
  t.equal(await metric('edgenet_events_total', { result: 'failed' }), failed)
  const notes = (await eventsIn(regarding.namespace)).map((event) => event.note ?? '')
  t.equal(notes.length, 3)
  t.ok(
    notes.some((note) => /^→{340}…$/.test(note)),
    'cut to 1 kB',
  )
  const wide = (await eventsIn('default')).filter((event) =>
    event.note?.endsWith(regarding.namespace),
  )
  t.equal(wide.length, 1)
})

t.test('trouble never reaches the caller', async (t) => {
  const regarding = await subject(t)
  const dropped = await metric('edgenet_events_total', { result: 'dropped' })
  const failed = await metric('edgenet_events_total', { result: 'failed' })
  const away = new KubeClient({ url: 'https://127.0.0.1:1' })
  const recorder = new EventRecorder({ client: away, ...reporter })
  for (let i = 0; i < 3000; i++) recorder.record(regarding, { ...moved, note: `${i}` })
  t.ok((await metric('edgenet_events_total', { result: 'dropped' })) - dropped >= 1900)
  t.not(await within(10_000, recorder.stop(100)), 'late')
  t.ok((await metric('edgenet_events_total', { result: 'failed' })) > failed)

  const nobody = new EventRecorder({ client: bed.clientFor('nobody'), ...reporter })
  nobody.record(regarding, moved)
  nobody.record(undefined as unknown as Regarding, moved)
  await nobody.stop()
  t.ok((await metric('edgenet_events_total', { result: 'failed' })) >= failed + 3)
})
