import type { Test } from 'tap'
import { KubeClient } from '../../../platform/kube/client.ts'
import { pathTo } from '../../../platform/kube/paths.ts'
import { CHART, NAMESPACE } from '../../testbed/edgenet.ts'
import { helm } from '../../testbed/helm.ts'
import { startTestbed, type Testbed } from '../../testbed/index.ts'
import { serviceAccountToken } from '../../testbed/tokens.ts'
import { until } from '../../testbed/until.ts'
import { external, SAMPLE_URL } from '../chart.ts'
import { verdict, word } from '../verdict.ts'
import { pathOf, workload } from '../workloads.ts'

export const RESTRICTED = 'edge-net.node-restriction.kubernetes.io'
/** How `answer` words a refusal by each of the policies. */
export const NODE_GUARD = 'edgenet-node-guard 403'
export const PLACEMENT_NET = 'edgenet-placement-net 422'
export const REPORTS_GUARD = 'edgenet-reports-guard 403'
/** Admission runs, nothing is stored. */
export const DRY = { dryRun: 'All' }

/** A cluster with the chart's policies and kinds, and everybody who acts in it. */
export interface World {
  readonly bed: Testbed
  readonly admin: KubeClient
  readonly kubelet: KubeClient
  /** As it is without an account of its own for each controller. */
  readonly controllerManager: KubeClient
  /** EdgeNet's. */
  readonly controllers: KubeClient
  readonly webhooks: KubeClient
  /** An account of kube-system. */
  system(name: string): Promise<KubeClient>
  /** Installs or upgrades the release. */
  install(...values: readonly string[]): Promise<void>
}

/** The answer to a call in one word: `ok`, or who refused. */
export const answer = async (call: Promise<unknown>): Promise<string> => word(await verdict(call))

/** The kubelet's node. */
export const KUBELET_NODE = 'paris'

/**
 * A control plane of its own with the chart, after the webhooks have gone: their configurations are
 * deleted, so that nothing but the policies can refuse. Without fake nodes: the test plays the kubelet.
 */
export async function openWorld(t: Test): Promise<World> {
  const bed = await startTestbed({
    components: ['etcd', 'kube-apiserver'],
    audit: false,
  })
  t.teardown(() => bed.stop())
  const { admin } = bed
  // Stored before the policies are: what an existing cluster has must go on.
  const annotations = { 'edge-net.io/country': 'FR' }
  await admin.create(
    pathOf('Deployment', 'default'),
    workload('Deployment', { name: 'older', annotations }),
  )
  const caBundle = Buffer.from(bed.pki.ca()).toString('base64')
  const install = async (...values: readonly string[]) => {
    const target = ['edgenet', CHART, '-n', NAMESPACE, '--create-namespace']
    await helm(['upgrade', '--install', ...target, ...values], bed)
  }
  await install(...external(SAMPLE_URL, caBundle))
  for (const kind of ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'] as const)
    await admin.delete(pathTo(kind, { name: 'edgenet' }))
  // Not before: its garbage collector looks for new kinds every 30 s only.
  await bed.component('kube-controller-manager').start()
  await inForce(admin)
  const account = async (namespace: string, name: string): Promise<KubeClient> => {
    const token = await serviceAccountToken(admin, namespace, name)
    const client = new KubeClient({ url: bed.url, ca: bed.pki.ca(), token: () => token })
    t.teardown(() => client.close())
    return client
  }
  return {
    bed,
    admin,
    kubelet: bed.clientFor(`system:node:${KUBELET_NODE}`, ['system:nodes']),
    controllerManager: bed.clientFor('system:kube-controller-manager'),
    controllers: await account(NAMESPACE, 'edgenet-controllers'),
    webhooks: await account(NAMESPACE, 'edgenet-webhooks'),
    system: (name) =>
      until(() => account('kube-system', name), { what: `the account ${name} in kube-system` }),
    install,
  }
}

/** The API server learns of a policy by its own watch, after the answer to its creation. */
async function inForce(admin: KubeClient): Promise<void> {
  const node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'x', labels: { 'edge-net.io/city': 'x' } },
  }
  const pod = workload('Pod', { annotations: { 'edge-net.io/country': 'FR' } })
  const report = {
    apiVersion: 'edge-net.io/v1alpha1',
    kind: 'Placement',
    metadata: { name: 'x' },
    spec: { workload: { apiVersion: 'v1', kind: 'Pod', name: 'x', uid: 'x' } },
  }
  const probes: [string, object, string][] = [
    [pathTo('nodes'), node, NODE_GUARD],
    [pathOf('Pod', 'default'), pod, PLACEMENT_NET],
    [pathTo('placements', { namespace: 'default' }), report, REPORTS_GUARD],
  ]
  for (const [path, object, expected] of probes)
    await until(async () => (await answer(admin.create(path, object, DRY))) === expected, {
      what: `${expected} to be in force`,
    })
}
