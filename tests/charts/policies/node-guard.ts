import type { Test } from 'tap'
import type { KubeObject } from '../../../core/admission/types.ts'
import type { KubeClient } from '../../../platform/kube/client.ts'
import { pathTo } from '../../../platform/kube/paths.ts'
import { verdict } from '../verdict.ts'
import { answer, DRY, NODE_GUARD as NODE, RESTRICTED, type World } from './world.ts'

const node = (
  name: string,
  more: Record<string, unknown> = {},
  spec: unknown = {},
): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, ...more },
  spec,
})
const nodePath = (name?: string, subresource?: string) =>
  pathTo('nodes', name === undefined ? {} : { name, subresource })

/** Who may write what on nodes. */
export function nodeGuard(t: Test, { admin, kubelet, controllers, system }: World): void {
  t.test('node guard: who may create which node', async (t) => {
    const taint = { taints: [{ key: 'edge-net.io/lost', effect: 'NoSchedule' }] }
    const own = { taints: [{ key: 'example.com/x', effect: 'NoSchedule' }] }
    const cases: [string, KubeClient, KubeObject, string][] = [
      ['admin, plain', admin, node('n'), 'ok'],
      [
        'admin, labels of others',
        admin,
        node('n', {
          labels: {
            'example.com/edge-net.io': 'x',
            'notedge-net.io/x': 'y',
            'edge-net.io.example.com/x': 'y',
          },
        }),
        'ok',
      ],
      ['admin, geo label', admin, node('n', { labels: { 'edge-net.io/country-iso': 'FR' } }), NODE],
      [
        'admin, label of a subdomain',
        admin,
        node('n', { labels: { 'x.edge-net.io/y': 'FR' } }),
        NODE,
      ],
      ['admin, area label', admin, node('n', { labels: { [`${RESTRICTED}/area-x`]: '' } }), NODE],
      [
        'admin, location',
        admin,
        node('n', { annotations: { 'edge-net.io/location': '1,2' } }),
        'ok',
      ],
      ['admin, taint', admin, node('n', {}, taint), NODE],
      ['admin, taint of others', admin, node('n', {}, own), 'ok'],
      ['kubelet, plain', kubelet, node('paris'), 'ok'],
      [
        'kubelet, own labels',
        kubelet,
        node('paris', { labels: { 'example.com/disk': 'ssd' } }),
        'ok',
      ],
      ['kubelet, geo label', kubelet, node('paris', { labels: { 'edge-net.io/city': 'x' } }), NODE],
      [
        'kubelet, location',
        kubelet,
        node('paris', { annotations: { 'edge-net.io/location': '1,2' } }),
        NODE,
      ],
      [
        'kubelet, annotation of a subdomain',
        kubelet,
        node('paris', { annotations: { 'a.edge-net.io/b': '' } }),
        NODE,
      ],
      ['kubelet, taint', kubelet, node('paris', {}, taint), NODE],
      ['kubelet, taint of others', kubelet, node('paris', {}, own), 'ok'],
    ]
    for (const [what, client, object, expected] of cases)
      t.equal(await answer(client.create(nodePath(), object, DRY)), expected, what)
    const refusal = await verdict(
      admin.create(nodePath(), node('n', { labels: { 'edge-net.io/city': 'x' } }), DRY),
    )
    t.match(refusal, { message: /set the annotation edge-net\.io\/location/ }, 'it says what to do')
  })

  t.test('node guard: who may change which node', async (t) => {
    const ours = {
      'edge-net.io/city': 'Paris',
      'x.edge-net.io/y': 'z',
      [`${RESTRICTED}/use-web`]: '',
    }
    await admin.create(
      nodePath(),
      node('paris', { labels: { zone: 'a' }, annotations: { 'edge-net.io/location': '48.8,2.3' } }),
    )
    t.equal(
      await answer(
        controllers.patch(
          nodePath('paris'),
          {
            metadata: { labels: ours, annotations: { 'edge-net.io/at': '1' } },
            spec: { taints: [{ key: 'edge-net.io/lost', effect: 'NoSchedule' }] },
          },
          'merge',
        ),
      ),
      'ok',
      'the controllers write labels, annotations and taints',
    )
    const nodeController = await system('node-controller')
    const labels = (labels: Record<string, string | null>) => ({ metadata: { labels } })
    const annotations = (annotations: Record<string, string | null>) => ({
      metadata: { annotations },
    })
    const taints = (...taints: { key: string; value?: string; effect: string }[]) => ({
      spec: { taints },
    })
    const lost = { key: 'edge-net.io/lost', effect: 'NoSchedule' }
    const cases: [string, KubeClient, unknown, string, string?][] = [
      ['admin adds a label of ours', admin, labels({ 'edge-net.io/state-iso': 'x' }), NODE],
      ['admin changes one', admin, labels({ 'edge-net.io/city': 'Lyon' }), NODE],
      ['admin removes one', admin, labels({ 'edge-net.io/city': null }), NODE],
      ['admin removes one of a subdomain', admin, labels({ 'x.edge-net.io/y': null }), NODE],
      ['admin removes a choice', admin, labels({ [`${RESTRICTED}/use-web`]: null }), NODE],
      ['admin adds an area', admin, labels({ [`${RESTRICTED}/area-eu`]: '' }), NODE],
      ['admin changes other labels', admin, labels({ zone: 'b', pool: 'x' }), 'ok'],
      ['admin changes the location', admin, annotations({ 'edge-net.io/location': '1,2' }), 'ok'],
      ['admin removes the location', admin, annotations({ 'edge-net.io/location': null }), 'ok'],
      ['admin removes the taint', admin, taints(), NODE],
      ['admin changes its effect', admin, taints({ ...lost, effect: 'NoExecute' }), NODE],
      ['admin changes its value', admin, taints({ ...lost, value: 'x' }), NODE],
      [
        'admin adds another',
        admin,
        taints(lost, { key: 'a.edge-net.io/x', effect: 'NoSchedule' }),
        NODE,
      ],
      [
        'admin adds a taint of others',
        admin,
        taints(lost, { key: 'x', effect: 'NoSchedule' }),
        'ok',
      ],
      ['admin cordons', admin, { spec: { unschedulable: true } }, 'ok'],
      [
        'admin, labels through status',
        admin,
        labels({ 'edge-net.io/city': 'Lyon' }),
        NODE,
        'status',
      ],
      ['kubelet adds a label of ours', kubelet, labels({ 'edge-net.io/state-iso': 'x' }), NODE],
      ['kubelet changes one', kubelet, labels({ 'edge-net.io/city': 'Lyon' }), NODE],
      ['kubelet removes one', kubelet, labels({ 'edge-net.io/city': null }), NODE],
      ['kubelet, through status', kubelet, labels({ 'edge-net.io/city': 'Lyon' }), NODE, 'status'],
      ['kubelet changes its own labels', kubelet, labels({ zone: 'b' }), 'ok'],
      [
        'kubelet changes the location',
        kubelet,
        annotations({ 'edge-net.io/location': '1,2' }),
        NODE,
      ],
      ['kubelet removes it', kubelet, annotations({ 'edge-net.io/location': null }), NODE],
      ['kubelet adds an annotation of ours', kubelet, annotations({ 'edge-net.io/new': '' }), NODE],
      ['kubelet, through status', kubelet, annotations({ 'edge-net.io/new': '' }), NODE, 'status'],
      ['kubelet changes its own annotations', kubelet, annotations({ 'example.com/x': 'y' }), 'ok'],
      [
        'kubelet reports its status',
        kubelet,
        { status: { conditions: [{ type: 'Ready', status: 'True' }] } },
        'ok',
        'status',
      ],
      [
        'node controller adds its taint',
        nodeController,
        taints(lost, { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }),
        'ok',
      ],
      [
        'node controller may not remove ours',
        nodeController,
        taints({ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }),
        NODE,
      ],
      [
        'controllers give a label back',
        controllers,
        labels({ [`${RESTRICTED}/use-web`]: null }),
        'ok',
      ],
      ['controllers remove the taint', controllers, taints(), 'ok'],
    ]
    for (const [what, client, patch, expected, subresource] of cases)
      t.equal(
        await answer(client.patch(nodePath('paris', subresource), patch, 'merge', DRY)),
        expected,
        what,
      )
    t.equal(
      await answer(kubelet.create(nodePath(), node('paris'))),
      '409',
      'a kubelet that registers again finds its node',
    )
    t.equal(
      await answer(admin.delete(nodePath('paris'), undefined, DRY)),
      'ok',
      'nodes can be deleted',
    )
  })

  t.test('node guard: a node with 2,000 labels of ours is within the cost limit', async (t) => {
    const many = Object.fromEntries(
      Array.from({ length: 2000 }, (_, i) => [`${RESTRICTED}/use-some-workload-${i}`, '']),
    )
    await admin.create(nodePath(), node('big'))
    await controllers.patch(nodePath('big'), { metadata: { labels: many } }, 'merge')
    const patch = (client: KubeClient, labels: Record<string, string>) =>
      answer(client.patch(nodePath('big'), { metadata: { labels } }, 'merge', DRY))
    t.equal(await patch(admin, { other: 'x' }), 'ok')
    t.equal(await patch(admin, { [`${RESTRICTED}/use-some-workload-1`]: 'x' }), NODE)
  })
}
