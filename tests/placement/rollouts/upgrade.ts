/** EdgeNet itself is restarted, upgraded, and meets what a former version of it wrote. */
import { join } from 'node:path'
import type { Test } from 'tap'
import type { KubeObject } from '../../../core/admission/types.ts'
import { MARKER, RESTRICTED } from '../../../core/placement/labels.ts'
import type { Kind, Marker } from '../../../core/placement/types.ts'
import { resourcePath } from '../../../platform/kube/paths.ts'
import { CHART, NAMESPACE as EDGENET, RELEASE } from '../../testbed/edgenet.ts'
import { helm } from '../../testbed/helm.ts'
import { type Testbed, until } from '../../testbed/index.ts'
import {
  type Cloud,
  create,
  labelled,
  namespaces,
  nodesOf,
  pathOf,
  podsOf,
  workload,
} from '../support.ts'
import { get, markerOf, run, type State, settled, unrolled } from './state.ts'

const NAMESPACE = 'upgrade'
const KINDS = ['Deployment', 'StatefulSet', 'DaemonSet'] as const

export async function upgrade(t: Test, cloud: Cloud): Promise<void> {
  const { bed, edgenet } = cloud
  await namespaces(bed, NAMESPACE)
  const current = KINDS.map((kind) => placed(kind, 'current'))
  const former = KINDS.map((kind) => placed(kind, 'former'))
  for (const object of [...current, ...former]) await create(bed, object)
  await Promise.all(former.map((object) => settled(bed, object)))
  const put = await withoutHooks(cloud, () =>
    Promise.all(former.map((object) => writeFormer(bed, object))),
  )
  t.equal(put.length, KINDS.length)
  const all = [...former, ...current]
  const states = () => Promise.all(all.map((object) => settled(bed, object)))
  const before = await states()
  for (const { template } of before.slice(0, KINDS.length)) {
    t.match(JSON.stringify(template), /use-former-version-/, 'as a former version wrote it')
  }
  const compare = async (what: string) => {
    for (const [i, after] of (await states()).entries()) {
      const { kind, metadata } = all[i] as KubeObject
      unrolled(t, `${what}: ${kind} ${metadata.name}`, before[i] as State, after)
    }
  }
  const each = (...args: readonly string[]) =>
    Promise.all(
      all.map(({ kind, metadata }) =>
        run(bed, [args[0] ?? '', `${kind}/${metadata.name}`, ...args.slice(1), '-n', NAMESPACE]),
      ),
    )
  await each('annotate', 'example.org/touched=1')
  await compare('touched')
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: all })
  await run(bed, ['apply', '-f', '-'], text)
  await compare('applied again')
  await Promise.all([edgenet.webhooks.restart(), edgenet.controllers.restart()])
  await compare('EdgeNet restarted')
  await edgenet.controllers.kill()
  await edgenet.controllers.start()
  await helmUpgrade(cloud)
  await each('annotate', '--overwrite', 'example.org/touched=2')
  await compare('the chart upgraded')
  for (const object of former) {
    const use = markerOf((await get(bed, object)).spec.template)?.rows[0]?.use ?? ''
    const nodes = nodesOf(await podsOf(bed, object.metadata.name ?? '', NAMESPACE))
    t.strictSame(await labelled(bed, use), nodes, 'the choice goes by the name that it was given')
  }
}

const placed = (kind: Kind, name: string) =>
  workload(kind, `${kind.toLowerCase()}-${name}`, {
    namespace: NAMESPACE,
    place: { country: 'FR', nodes: '2' },
    replicas: 2,
  })

/** Another name for the choice, another order, an expression more, and fewer wishes for the spread. */
function formerly({ rows, spread, ...rest }: Marker): Marker {
  return {
    ...rest,
    rows: rows.map(({ id }) => {
      const use = `${RESTRICTED}use-former-version-${id}`
      const facts = { key: 'edge-net.io/country-iso', operator: 'In' as const, values: ['FR'] }
      const located = { key: 'edge-net.io/country-iso', operator: 'Exists' as const }
      return { id, use, terms: [[{ key: use, operator: 'Exists' as const }, located, facts]] }
    }),
    spread: spread.map(({ nodeTaintsPolicy: _, matchLabelKeys: __, ...constraint }) => constraint),
  }
}

/** Puts such a template in the place of ours, as the hook of a former version would have. */
async function writeFormer(bed: Testbed, object: KubeObject): Promise<Marker> {
  const marker = markerOf((await get(bed, object)).spec.template)
  if (marker === undefined) throw new Error(`${object.kind} has no marker`)
  const old = formerly(marker)
  const nodeSelectorTerms = old.rows.flatMap(({ terms }) =>
    terms.map((matchExpressions) => ({ matchExpressions })),
  )
  const required = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } }
  const template = {
    metadata: { annotations: { [MARKER]: JSON.stringify(old) } },
    spec: {
      affinity: { nodeAffinity: required },
      ...(old.spread.length > 0 && { topologySpreadConstraints: old.spread }),
    },
  }
  await bed.admin.patch(pathOf(object), { spec: { template } }, 'merge')
  return old
}

const GROUP = { group: 'admissionregistration.k8s.io', version: 'v1' }
const HOOKS = resourcePath({
  ...GROUP,
  resource: 'mutatingwebhookconfigurations',
  name: 'edgenet',
})
const NET = resourcePath({
  ...GROUP,
  resource: 'validatingadmissionpolicybindings',
  name: 'edgenet-placement-net',
})

/** Does something while nobody of EdgeNet looks at what is written; the chart brings the hooks back. */
async function withoutHooks<T>(cloud: Cloud, act: () => Promise<T>): Promise<T> {
  const { bed } = cloud
  const isPlaced = async () => {
    const probe = await bed.admin.create(pathOf(placed('Deployment', 'x'), true), probeObject(), {
      dryRun: 'All',
    })
    const { template } = probe['spec'] as { template: Parameters<typeof markerOf>[0] }
    return markerOf(template) !== undefined
  }
  await Promise.all([HOOKS, NET].map((path) => bed.admin.delete(path)))
  await until(async () => !(await isPlaced()), { what: 'the hooks to be gone' })
  try {
    return await act()
  } finally {
    await helmUpgrade(cloud)
    await until(isPlaced, { what: 'the hooks to be back' })
  }
}

const probeObject = () => placed('Deployment', 'probe')

function helmUpgrade({ edgenet, bed }: Cloud): Promise<string> {
  const values = ['values.json', 'values-external.json'].flatMap((file) => [
    '--values',
    join(edgenet.dir, file),
  ])
  return helm(['upgrade', RELEASE, CHART, '--namespace', EDGENET, ...values], bed)
}
