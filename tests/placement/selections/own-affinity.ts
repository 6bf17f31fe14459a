/** The user's own affinity beside ours: ANDed by the real scheduler, and as it was when ours goes. */
import type { Test } from 'tap'
import type { KubeObject } from '../../../core/admission/types.ts'
import { REQUIRED } from '../../../core/placement/injection/affinity.ts'
import { PREFIX, RESTRICTED } from '../../../core/placement/labels.ts'
import { type Testbed, until } from '../../testbed/index.ts'
import {
  apply,
  type Cloud,
  create,
  labelled,
  namespaces,
  nodesOf,
  pathOf,
  whenRunning,
  whenWaiting,
  workload,
} from '../support.ts'
import {
  both,
  DISK,
  hasLabel,
  inBox,
  polygonOf,
  type Right,
  rowsOf,
  TIER,
  within,
} from './world.ts'

const NAMESPACE = 'own-affinity'
const HEART = { south: 40, north: 55, west: -6, east: 16 }
const PLACE = { country: 'FR, DE, US', area: JSON.stringify(polygonOf(HEART)), nodes: '2' }
const inPlace = both(within('FR', 'DE', 'US'), inBox(HEART))

const gold = hasLabel(TIER, 'gold')
const ssd = hasLabel(DISK, 'ssd')
const isGold = { key: TIER, operator: 'In', values: ['gold'] }
const isSsd = { key: DISK, operator: 'Exists' }
const terms = (...nodeSelectorTerms: readonly object[]) => ({
  affinity: { nodeAffinity: { [REQUIRED]: { nodeSelectorTerms } } },
})
const hostSpread = (whenUnsatisfiable: string) => ({
  topologySpreadConstraints: [
    {
      maxSkew: 2,
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable,
      labelSelector: { matchLabels: { any: 'thing' } },
    },
  ],
})

interface Case {
  /** In the user's pod spec. */
  readonly pod: Readonly<Record<string, unknown>>
  /** What the user's own words allow; undefined: no node at all. */
  readonly right: Right | undefined
  /** The user's own spread stands in the place of ours. */
  readonly ownSpread?: true
}

const anywhere: Right = () => true

const CASES: Readonly<Record<string, Case>> = {
  none: { pod: {}, right: anywhere },
  'empty-containers': { pod: { affinity: { nodeAffinity: {} } }, right: anywhere },
  'one-term': { pod: terms({ matchExpressions: [isGold] }), right: gold },
  'several-terms': {
    pod: terms({ matchExpressions: [isGold, isSsd] }, { matchExpressions: [isSsd] }),
    right: ssd,
  },
  'empty-beside': { pod: terms({}, { matchExpressions: [isGold] }), right: gold },
  'empty-alone': { pod: terms({}), right: undefined },
  fields: {
    pod: terms(
      { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['fr-lille-1'] }] },
      { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['de-munich-1'] }] },
    ),
    right: ({ name }) => name === 'fr-lille-1' || name === 'de-munich-1',
  },
  preferred: {
    pod: {
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 100, preference: { matchExpressions: [isGold] } },
          ],
        },
      },
    },
    right: anywhere,
  },
  selector: { pod: { nodeSelector: { [DISK]: 'ssd' } }, right: ssd },
  'pod-affinity': {
    pod: {
      affinity: {
        podAntiAffinity: {
          [REQUIRED]: [
            {
              topologyKey: 'kubernetes.io/hostname',
              labelSelector: { matchLabels: { app: 'own-pod-affinity' } },
            },
          ],
        },
      },
    },
    right: anywhere,
  },
  'spread-same': { pod: hostSpread('DoNotSchedule'), right: anywhere, ownSpread: true },
  'spread-other': { pod: hostSpread('ScheduleAnyway'), right: anywhere },
}

interface Template {
  readonly metadata: object
  readonly spec: Readonly<Record<string, unknown>>
}

const templateOf = (object: KubeObject): Template =>
  (object['spec'] as { readonly template: Template }).template

/** Our labels that a template refers to. */
const labelsIn = (template: Template): string[] => [
  ...new Set(JSON.stringify(template.spec).match(new RegExp(`${RESTRICTED}[a-z0-9-]+`, 'g'))),
]

export async function ownAffinity(t: Test, { bed }: Cloud): Promise<void> {
  await namespaces(bed, NAMESPACE)
  const gone = await Promise.all(
    Object.entries(CASES).map(([id, each]) => placedAndBack(t, bed, id, each)),
  )
  const labels = [...new Set(gone.flat())]
  const placed = Object.values(CASES).filter(({ right }) => right).length
  t.equal(labels.length, placed + 1, 'a choice label each and an area label')
  const left = async () => {
    const carried = await Promise.all(labels.map(async (label) => labelled(bed, label)))
    return carried.every((nodes) => nodes.length === 0)
  }
  t.ok(await until(left, { what: 'the labels to be collected' }))
}

/** The labels that the workload had while it was placed. */
async function placedAndBack(t: Test, bed: Testbed, id: string, each: Case): Promise<string[]> {
  const { pod, right, ownSpread } = each
  const name = `own-${id}`
  const spec = { revisionHistoryLimit: 0 }
  const plain = workload('Deployment', name, { namespace: NAMESPACE, replicas: 0, pod, spec })
  const before = templateOf(await create(bed, plain))
  const annotations = Object.fromEntries(
    Object.entries(PLACE).map(([key, value]) => [PREFIX + key, value]),
  )
  const path = pathOf(plain)
  const placed = await bed.admin.patch(
    path,
    { metadata: { annotations }, spec: { replicas: 2 } },
    'merge',
  )
  const labels = labelsIn(templateOf(placed))
  if (right) {
    const nodes = nodesOf(await whenRunning(bed, name, 2, NAMESPACE))
    const allowed = both(inPlace, right)
    t.strictSame(
      rowsOf(nodes).filter((node) => !allowed(node)),
      [],
      `${id}: ${nodes.join(' and ')} are right`,
    )
    if (!ownSpread) t.equal(new Set(nodes).size, 2, `${id}: two nodes`)
    t.notSame(await labelled(bed, labels.at(-1) ?? ''), [], `${id}: the label is there`)
  } else {
    await whenWaiting(bed, name, { run: 0, wait: 2 }, NAMESPACE)
  }
  const none = Object.fromEntries(Object.keys(annotations).map((key) => [key, null]))
  const after = await bed.admin.patch(path, { metadata: { annotations: none } }, 'merge')
  t.strictSame(templateOf(after), before, `${id}: restored`)
  t.strictSame(Object.keys(after.metadata.annotations ?? {}).filter(isOurs), [], `${id}: no trace`)
  // A rollout that never ends would keep the ReplicaSet that refers to our labels.
  if (!right) await bed.admin.delete(path, { propagationPolicy: 'Background' })
  return labels
}

const isOurs = (key: string): boolean => key.startsWith(PREFIX)

/** Where a chart's podAnnotations end up. */
export async function templateAnnotations(t: Test, { bed }: Cloud): Promise<void> {
  const namespace = 'template-annotations'
  await namespaces(bed, namespace)
  const place = { country: 'NZ, FJ' }
  const right = within('NZ', 'FJ')
  const common = { namespace, replicas: 2 }
  await create(bed, workload('StatefulSet', 'on-template', { ...common, templatePlace: place }))
  await create(bed, workload('CronJob', 'on-cron', { ...common, templatePlace: place }))
  await create(bed, workload('Job', 'on-both', { ...common, place, templatePlace: place }))
  for (const name of ['on-template', 'on-both']) {
    const nodes = rowsOf(nodesOf(await whenRunning(bed, name, 2, namespace)))
    t.ok(nodes.every(right), `${name}: ${nodes.map((node) => node.name).join(' and ')}`)
  }
  const cron = await bed.admin.get(pathOf(workload('CronJob', 'on-cron', { namespace })))
  t.match(JSON.stringify(cron['spec']), /"key":"edge-net.io\/country-iso","operator":"In"/)
  const { code, stderr } = await apply(
    bed,
    workload('Deployment', 'differs', { ...common, place, templatePlace: { country: 'NZ' } }),
  )
  t.equal(code, 1)
  t.match(
    stderr,
    /spec\.template\.metadata\.annotations: edge-net\.io\/country differs from metadata\.annotations; write placement in one place.*\[EDGENET_ANNOTATIONS_DIFFER\]/,
  )
}
