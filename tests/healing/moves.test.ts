/** Places that move though no node has failed: drained, deleted, or no longer wanted by the workload. */
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { pathTo } from '../../platform/kube/paths.ts'
import {
  create,
  nodesOf,
  pathOf,
  podsOf,
  running,
  startCloud,
  whenReported,
  whenRunning,
  workload,
} from '../placement/support.ts'
import { until } from '../testbed/index.ts'
import { nodesIn, podsByUid, restarted } from './support.ts'

t.test('places move without a failure', async (t) => {
  const halves = nodesIn('GB', 6).map((row, i) => ({
    ...row,
    labels: { half: i < 3 ? 'a' : 'b' },
  }))
  const nodes = [...nodesIn('KR', 6), ...nodesIn('PL', 6), ...halves]
  const cloud = await startCloud({ nodes, bed: { podStart: 0.2, podStop: 0.2 } })
  t.teardown(() => cloud.stop())
  const { bed } = cloud
  const counted = (name: string, country: string, pod = {}) =>
    workload('Deployment', name, { place: { country, nodes: '3' }, replicas: 3, pod })
  const drained = counted('drained', 'KR')
  const deleted = counted('deleted', 'PL')
  const edited = counted('edited', 'GB', { nodeSelector: { half: 'a' } })
  await Promise.all([drained, deleted, edited].map((object) => create(bed, object)))
  const [cordoned = ''] = nodesOf(await whenRunning(bed, 'drained', 3))
  const [gone = ''] = nodesOf(await whenRunning(bed, 'deleted', 3))
  await whenRunning(bed, 'edited', 3)
  const before = await podsByUid(bed)
  const elsewhere = (app: string, than: string) =>
    until(
      async () => {
        const pods = running(await podsOf(bed, app))
        return pods.length === 3 && !nodesOf(pods).includes(than)
      },
      { what: `${app} to leave ${than}`, timeoutMs: 20_000 },
    )

  await bed.kubectl(['cordon', cordoned])
  await sleep(1_000)
  t.ok(nodesOf(await podsOf(bed, 'drained')).includes(cordoned), 'a cordon moves nothing')
  const pod = (await podsOf(bed, 'drained')).find(({ spec }) => spec?.nodeName === cordoned)
  await bed.admin.delete(pathTo('pods', { namespace: 'default', name: pod?.metadata?.name }))
  await elsewhere('drained', cordoned)
  const moved = await whenReported(bed, drained, ({ lastMove }) => lastMove?.from === cordoned)
  t.match(moved.lastMove?.reason, /is cordoned and none of the pods is left on it/)

  await bed.nodes.remove(gone)
  await elsewhere('deleted', gone)
  const replaced = await whenReported(bed, deleted, ({ lastMove }) => lastMove?.from === gone)
  t.match(
    replaced.lastMove?.reason,
    new RegExp(`${gone} is (gone|lost: its Node object was deleted)`),
  )
  t.same(restarted(before, await podsByUid(bed), [cordoned, gone]), [], 'nobody else was restarted')

  const template = { spec: { nodeSelector: { half: 'b' } } }
  await bed.admin.patch(pathOf(edited), { spec: { template } }, 'merge')
  const isB = (name: string) => halves.some((row) => row.name === name && row.labels.half === 'b')
  await until(
    async () => {
      const pods = await podsOf(bed, 'edited')
      return pods.length === 3 && nodesOf(running(pods)).filter(isB).length === 3
    },
    { what: 'the workload to follow its own selector', timeoutMs: 20_000 },
  )
})
