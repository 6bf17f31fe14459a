import type { Test } from 'tap'
import type { KubeClient } from '../../../platform/kube/client.ts'
import { pathTo } from '../../../platform/kube/paths.ts'
import { NAMESPACE } from '../../testbed/edgenet.ts'
import { until } from '../../testbed/until.ts'
import { answer, DRY, type World } from './world.ts'

const eu = {
  apiVersion: 'edge-net.io/v1alpha1',
  kind: 'GeoArea',
  metadata: { name: 'eu' },
  spec: { countries: ['FR', 'DE'] },
}
const lease = (namespace: string) => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name: 'edgenet-controllers', namespace },
  spec: { holderIdentity: 'a' },
})

/** What the accounts of the chart may do, and a sample of what they may not. */
export function rights(t: Test, world: World): void {
  const { admin, bed, controllers, webhooks } = world

  t.test('rights of the two accounts', async (t) => {
    const leases = (namespace: string, name?: string) =>
      pathTo('leases', { namespace, ...(name && { name }) })
    const node = (client: KubeClient) =>
      client.patch(pathTo('nodes', { name: 'big' }), { metadata: { labels: {} } }, 'merge', DRY)
    const calls: [string, () => Promise<unknown>, string][] = [
      ['webhooks list nodes', () => webhooks.listAll(pathTo('nodes')), 'ok'],
      ['webhooks list areas', () => webhooks.listAll(pathTo('geoareas')), 'ok'],
      ['webhooks list reports', () => webhooks.listAll(pathTo('placements')), 'ok'],
      ['webhooks list namespaces', () => webhooks.listAll(pathTo('namespaces')), 'ok'],
      ['webhooks list pods', () => webhooks.listAll(pathTo('pods')), '403'],
      ['webhooks list secrets', () => webhooks.listAll(pathTo('secrets')), '403'],
      ['webhooks write nodes', () => node(webhooks), '403'],
      ['controllers write nodes', () => node(controllers), 'ok'],
      ['controllers list pods', () => controllers.listAll(pathTo('pods')), 'ok'],
      [
        'controllers delete pods',
        () => controllers.delete(pathTo('pods', { namespace: 'default', name: 'none' })),
        '404',
      ],
      [
        'controllers create pods',
        () => controllers.create(pathTo('pods', { namespace: 'default' }), {}),
        '403',
      ],
      ['controllers list secrets', () => controllers.listAll(pathTo('secrets')), '403'],
      [
        'controllers delete nodes',
        () => controllers.delete(pathTo('nodes', { name: 'big' }), undefined, DRY),
        '403',
      ],
      ['controllers make the area eu', () => controllers.create(pathTo('geoareas'), eu, DRY), 'ok'],
      [
        'controllers change areas',
        () => controllers.patch(pathTo('geoareas', { name: 'box' }), { spec: {} }, 'merge', DRY),
        '403',
      ],
      [
        'controllers take the lead',
        () => controllers.create(leases(NAMESPACE), lease(NAMESPACE)),
        'ok',
      ],
      [
        'controllers keep the lead',
        async () => {
          const path = leases(NAMESPACE, 'edgenet-controllers')
          return controllers.update(path, await controllers.get(path))
        },
        'ok',
      ],
      ['controllers read node leases', () => controllers.listAll(leases('kube-node-lease')), 'ok'],
      ['controllers read other leases', () => controllers.listAll(leases('kube-system')), '403'],
      [
        'controllers renew a node lease',
        () => controllers.create(leases('kube-node-lease'), lease('kube-node-lease'), DRY),
        '403',
      ],
    ]
    for (const [what, call, expected] of calls) t.equal(await answer(call()), expected, what)
  })

  t.test('rights of users: reports are read with the namespace', async (t) => {
    const ana = bed.clientFor('ana')
    await admin.create(pathTo('rolebindings', { namespace: 'default' }), {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'ana' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'User', name: 'ana' }],
    })
    const here = pathTo('placements', { namespace: 'default' })
    await until(async () => (await answer(ana.listAll(here))) === 'ok', {
      what: 'the aggregated right to read reports',
    })
    t.equal(await answer(ana.listAll(pathTo('placements', { namespace: 'kube-system' }))), '403')
    const path = `${here}/deployment-full`
    t.equal(await answer(ana.delete(path, undefined, DRY)), '403', 'by RBAC, before the guard')
  })
}
