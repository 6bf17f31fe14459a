import type { Test } from 'tap'
import type { KubeObject } from '../../../core/admission/types.ts'
import type { KubeClient } from '../../../platform/kube/client.ts'
import { pathTo } from '../../../platform/kube/paths.ts'
import { until } from '../../testbed/until.ts'
import { verdict } from '../verdict.ts'
import { pathOf, workload } from '../workloads.ts'
import { answer, DRY, REPORTS_GUARD as GUARD, type World } from './world.ts'

const at = (namespace: string, name?: string, subresource?: string) =>
  pathTo('placements', { namespace, ...(name && { name }), subresource })

const report = (name: string, owner?: KubeObject): KubeObject => ({
  apiVersion: 'edge-net.io/v1alpha1',
  kind: 'Placement',
  metadata: {
    name,
    ...(owner && {
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: owner.metadata.uid ?? '' },
      ],
    }),
  },
  spec: { workload: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'u-1' } },
})

const gone = async (client: KubeClient, path: string) => (await answer(client.get(path))) === '404'

/** Who may write reports. */
export function reportsGuard(t: Test, world: World): void {
  const { admin, controllers, system } = world

  t.test('reports guard: only the controllers write', async (t) => {
    await controllers.create(at('default'), report('deployment-a'))
    const status = { status: { wanted: 3, message: 'three' } }
    t.equal(
      await answer(controllers.patch(at('default', 'deployment-a', 'status'), status, 'merge')),
      'ok',
      'the controllers report',
    )
    const namespaces = await system('namespace-controller')
    const label = { metadata: { labels: { a: 'b' } } }
    const spec = { spec: { workload: { name: 'other' } } }
    const a = at('default', 'deployment-a')
    const collector = await system('generic-garbage-collector')
    const calls: [string, () => Promise<unknown>, string][] = [
      ['admin creates', () => admin.create(at('default'), report('deployment-b'), DRY), GUARD],
      ['admin patches', () => admin.patch(a, label, 'merge', DRY), GUARD],
      [
        'admin patches the status',
        () => admin.patch(at('default', 'deployment-a', 'status'), status, 'merge', DRY),
        GUARD,
      ],
      ['admin deletes', () => admin.delete(a, undefined, DRY), GUARD],
      ['admin deletes all', () => admin.delete(at('default'), undefined, DRY), GUARD],
      ['admin reads', () => admin.get(a), 'ok'],
      ['namespace controller deletes', () => namespaces.delete(a, undefined, DRY), 'ok'],
      ['collector deletes', () => collector.delete(a, undefined, DRY), 'ok'],
      ['collector takes metadata off', () => collector.patch(a, label, 'merge', DRY), 'ok'],
      ['collector changes what is said', () => collector.patch(a, spec, 'merge', DRY), GUARD],
      ['controllers delete', () => controllers.delete(a, undefined, DRY), 'ok'],
    ]
    for (const [what, call, expected] of calls) t.equal(await answer(call()), expected, what)
    t.match(
      await verdict(admin.delete(a)),
      { status: 403, message: /change or remove the placement annotations of its workload/ },
      'it says what to do',
    )
  })

  t.test('reports guard: a report goes with its workload, and with its namespace', async (t) => {
    await admin.create(pathTo('namespaces'), {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'team' },
    })
    const deployment = () => pathOf('Deployment', 'team')
    const create = async (name: string) => {
      const owner = await admin.create(deployment(), workload('Deployment', { name: 'web' }))
      await controllers.create(at('team'), report(name, owner))
      return pathOf('Deployment', 'team', 'web')
    }
    await admin.delete(await create('deployment-web'))
    await until(() => gone(admin, at('team', 'deployment-web')), {
      what: 'the garbage collector to delete the report',
    })
    const path = await create('deployment-orphan')
    await admin.delete(path, { propagationPolicy: 'Orphan' })
    await until(() => gone(admin, path), { what: 'the orphaning deletion to end' })
    const orphan = await admin.get(at('team', 'deployment-orphan'))
    t.strictSame(orphan.metadata.ownerReferences ?? [], [], 'kept, without its owner')
    await admin.delete(pathTo('namespaces', { name: 'team' }))
    await until(() => gone(admin, at('team', 'deployment-orphan')), {
      what: 'the namespace to take the report with it',
    })
  })
}
