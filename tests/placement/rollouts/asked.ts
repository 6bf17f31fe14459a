/** Rollouts that were asked for: exactly one each, and the pods land right; scaling: none. */
import type { Test } from 'tap'
import type { KubeObject } from '../../../core/admission/types.ts'
import { PREFIX } from '../../../core/placement/labels.ts'
import type { Kind } from '../../../core/placement/types.ts'
import { type Testbed, until } from '../../testbed/index.ts'
import { type Cloud, namespaces, nodesOf, pathOf, podsOf, workload } from '../support.ts'
import { get, markerOf, rolledOnce, run, settled, unrolled, usesOf } from './state.ts'

const NAMESPACE = 'asked'

export async function asked(t: Test, cloud: Cloud): Promise<void> {
  await namespaces(cloud.bed, NAMESPACE)
  t.jobs = 6
  for (const kind of ['Deployment', 'StatefulSet', 'DaemonSet'] as const) {
    t.test(`${kind}: images and restarts`, (t) => images(t, cloud, kind))
    t.test(`${kind}: scale and counts`, (t) => counts(t, cloud, kind))
    t.test(`${kind}: undo`, (t) => undo(t, cloud, kind))
  }
}

const french = (kind: Kind, name: string, country = 'FR') =>
  workload(kind, `${kind.toLowerCase()}-${name}`, {
    namespace: NAMESPACE,
    place: { country, nodes: '3' },
    replicas: 3,
  })

const targetOf = ({ kind, metadata }: KubeObject) => `${kind?.toLowerCase()}/${metadata.name}`

const kubectl = (bed: Testbed, args: readonly string[], input?: string) =>
  run(bed, [...args, '-n', NAMESPACE], input)

const apply = (bed: Testbed, object: KubeObject) =>
  kubectl(bed, ['apply', '-f', '-'], JSON.stringify(object))

/** Countries of the nodes on which a workload's pods run, each once. */
async function countries(bed: Testbed, { metadata }: KubeObject): Promise<string[]> {
  const nodes = nodesOf(await podsOf(bed, metadata.name ?? '', NAMESPACE))
  return [...new Set(nodes.map((name) => name.slice(0, 2).toUpperCase()))]
}

async function images(t: Test, { bed }: Cloud, kind: Kind): Promise<void> {
  const manifest = french(kind, 'images')
  await apply(bed, manifest)
  const first = await settled(bed, manifest)
  const affinity = first.template.spec.affinity

  // With our marker and affinity in place: what a person edits who fetched the object.
  await kubectl(bed, ['set', 'image', targetOf(manifest), 'c=two'])
  const second = await settled(bed, manifest)
  rolledOnce(t, 'set image', first, second)
  t.strictSame(second.template.spec.affinity, affinity, 'and it stays where it was')

  // Without either: what a pipeline writes that knows only its own template.
  const { template } = manifest['spec'] as { template: { spec: object } }
  const three = { ...template.spec, containers: [{ name: 'c', image: 'three' }] }
  const value = { ...template, spec: three }
  await bed.admin.patch(
    pathOf(manifest),
    [{ op: 'replace', path: '/spec/template', value }],
    'json',
  )
  const third = await settled(bed, manifest)
  rolledOnce(t, 'another template without our marker', second, third)
  t.strictSame(third.template.spec.affinity, affinity)
  t.strictSame(markerOf(third.template), markerOf(first.template))

  await kubectl(bed, ['rollout', 'restart', targetOf(manifest)])
  const fourth = await settled(bed, manifest)
  rolledOnce(t, 'rollout restart', third, fourth)
  t.strictSame(fourth.template.spec.affinity, affinity)
  t.strictSame(await countries(bed, manifest), ['FR'])

  const four = { ...manifest, spec: { ...(manifest['spec'] as object), template: value } }
  await apply(bed, four)
  unrolled(t, 'applied again after a restart', fourth, await settled(bed, manifest))
}

async function counts(t: Test, { bed }: Cloud, kind: Kind): Promise<void> {
  const manifest = french(kind, 'counts', 'FR, DE')
  await apply(bed, manifest)
  let before = await settled(bed, manifest)
  if (kind !== 'DaemonSet') {
    await kubectl(bed, ['scale', targetOf(manifest), '--replicas=5'])
    let after = await settled(bed, manifest)
    unrolled(t, 'kubectl scale', before, after)
    t.equal(after.pods.length, 5)
    before = after
    // As an autoscaler does it.
    for (const replicas of [4, 2, 3]) {
      await bed.admin.patch(`${pathOf(manifest)}/scale`, { spec: { replicas } }, 'merge')
      after = await settled(bed, manifest)
      unrolled(t, `scaled to ${replicas}`, before, after)
      before = after
    }
  }
  await kubectl(bed, ['annotate', '--overwrite', targetOf(manifest), `${PREFIX}nodes=4`])
  if (kind === 'DaemonSet') {
    const more = async () =>
      (await podsOf(bed, manifest.metadata.name ?? '', NAMESPACE)).length === 4
    await until(more, { what: 'a fourth pod' })
    unrolled(t, 'another number of nodes', before, await settled(bed, manifest))
    return
  }
  // The spread constraint says over how many nodes; that is in the template.
  const after = await settled(bed, manifest)
  rolledOnce(t, 'another number of nodes', before, after)
  t.equal(after.template.spec.topologySpreadConstraints?.[0]?.minDomains, 4)
  t.strictSame(usesOf(after.template), usesOf(before.template), 'with the same choice')
}

async function undo(t: Test, { bed }: Cloud, kind: Kind): Promise<void> {
  const manifest = french(kind, 'undo')
  await apply(bed, manifest)
  const first = await settled(bed, manifest)
  await kubectl(bed, ['set', 'image', targetOf(manifest), 'c=two'])
  await settled(bed, manifest)
  await kubectl(bed, ['rollout', 'undo', targetOf(manifest)])
  const back = await settled(bed, manifest)
  t.strictSame(back.template, first.template, 'the very template that there was')
  t.equal(back.revisions.length, 2, 'and so its revision')

  await apply(bed, french(kind, 'undo', 'DE'))
  const german = await settled(bed, manifest)
  rolledOnce(t, 'another country', back, german)
  t.strictSame(await countries(bed, manifest), ['DE'])
  await kubectl(bed, ['rollout', 'undo', targetOf(manifest)])
  await settled(bed, manifest)
  const now = (await get(bed, manifest)).metadata.annotations?.[`${PREFIX}country`]
  // kubectl takes the annotations of a Deployment back with its template, of others the template alone.
  t.equal(now, kind === 'Deployment' ? 'FR' : 'DE')
  t.strictSame(await countries(bed, manifest), [now], 'it is where its annotations say')
  const after = await settled(bed, manifest)
  await kubectl(bed, ['annotate', targetOf(manifest), 'example.org/touched=1'])
  unrolled(t, 'touched after the undo', after, await settled(bed, manifest))
}
