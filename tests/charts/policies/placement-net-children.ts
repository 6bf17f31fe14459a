import type { Test } from 'tap'
import type { Kind } from '../../../core/placement/types.ts'
import type { KubeClient } from '../../../platform/kube/client.ts'
import { until } from '../../testbed/until.ts'
import { verdict } from '../verdict.ts'
import { type Parts, pathOf, workload } from '../workloads.ts'
import { ASK } from './parts.ts'
import { answer, DRY, PLACEMENT_NET as NET, type World } from './world.ts'

/** Whose workloads are believed to have their affinity from a parent. */
export function placementNetChildren(t: Test, { admin, controllerManager, system }: World): void {
  t.test(
    'placement net: children are left to the controllers that make them, and to nobody else',
    async (t) => {
      const parents: [Kind, string, string, string][] = [
        ['Job', 'batch/v1', 'CronJob', 'cronjob'],
        ['ReplicaSet', 'apps/v1', 'Deployment', 'deployment'],
        ['Pod', 'apps/v1', 'ReplicaSet', 'replicaset'],
        ['Pod', 'apps/v1', 'StatefulSet', 'statefulset'],
        ['Pod', 'apps/v1', 'DaemonSet', 'daemon-set'],
        ['Pod', 'batch/v1', 'Job', 'job'],
        ['Pod', 'v1', 'ReplicationController', 'replication'],
      ]
      const stranger = await system('endpoint-controller')
      for (const [kind, apiVersion, parent, name] of parents) {
        const maker = await system(`${name}-controller`)
        const owner = { apiVersion, kind: parent, controller: true }
        const create = (client: KubeClient, parts: Parts) =>
          answer(
            client.create(
              pathOf(kind, 'default'),
              workload(kind, { name: 'child', annotations: ASK, ...parts }),
              DRY,
            ),
          )
        t.equal(await create(maker, { owner }), 'ok', `${name}: its ${kind}`)
        t.equal(await create(maker, {}), NET, `${name}: a ${kind} without owner`)
        t.equal(
          await create(maker, { owner: { ...owner, controller: false } }),
          NET,
          `${name}: an owner that does not control`,
        )
        t.equal(
          await create(maker, { owner: { ...owner, kind: 'Other' } }),
          NET,
          `${name}: another kind of owner`,
        )
        t.equal(await create(admin, { owner }), NET, `forged: a ${kind} of a ${parent}`)
        t.equal(
          await create(stranger, { owner }),
          '403',
          `another controller has no right to a ${kind}`,
        )
      }
      // A controller-manager that runs without an account per controller has all their rights itself.
      await admin.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: 'one-account' },
        roleRef: {
          apiGroup: 'rbac.authorization.k8s.io',
          kind: 'ClusterRole',
          name: 'cluster-admin',
        },
        subjects: [{ kind: 'User', name: 'system:kube-controller-manager' }],
      })
      const owner = { apiVersion: 'apps/v1', kind: 'Deployment', controller: true }
      const object = workload('ReplicaSet', { name: 'child', annotations: ASK, owner })
      const create = () =>
        verdict(controllerManager.create(pathOf('ReplicaSet', 'default'), object, DRY))
      await until(async () => (await create()) === 'ok', {
        what: 'the right of the controller-manager',
      })
      t.equal(await create(), 'ok', 'the controller-manager itself')
    },
  )
}
