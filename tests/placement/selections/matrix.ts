/** Every kind with every selection, on the real scheduler and the real controllers of the kinds. */
import type { V1Pod } from '@kubernetes/client-node'
import type { Test } from 'tap'
import { KINDS, type Kind } from '../../../core/placement/types.ts'
import { pathTo } from '../../../platform/kube/paths.ts'
import { forEachParallel } from '../../../platform/parallel.ts'
import { type Testbed, until } from '../../testbed/index.ts'
import { type Cloud, create, namespaces, nodesOf, pathOf, workload } from '../support.ts'
import {
  both,
  inBox,
  inEu,
  isLocated,
  named,
  nearestTo,
  nearTo,
  not,
  polygonOf,
  type Right,
  rowsOf,
  TABLE,
  within,
} from './world.ts'

export const NAMESPACE = 'matrix'

interface Counted {
  readonly right: Right
  readonly nodes: number
}

interface Selection {
  readonly place: Readonly<Record<string, string>>
  readonly right: Right
  /** For selections with a number of nodes: how many of which. */
  readonly counts?: readonly Counted[]
}

const IBERIA = { south: 36, north: 44, west: -10, east: 4 }
/** Fiji and New Zealand, on both sides of the antimeridian. */
const SOUTH_SEA = { south: -40, north: -10, west: 170, east: -170 }
const PARIS = { lat: 48.85, lon: 2.35 }
const TOKYO = { lat: 35.6, lon: 139.7 }
const inEurope: Right = ({ continent }) => continent === 'EU'

const counted = (right: Right, nodes: number) => ({ right, counts: [{ right, nodes }] })

const SELECTIONS: Readonly<Record<string, Selection>> = {
  continent: { place: { continent: 'Europe' }, right: inEurope },
  country: { place: { country: 'FR, Germany' }, right: within('FR', 'DE') },
  'not-country': { place: { country: '!US, !Russia' }, right: not(within('US', 'RU')) },
  // Catalonia is a CT too.
  state: { place: { state: 'US/CT, US/CA' }, right: named('us-hartford-1', 'us-stanford-1') },
  city: { place: { city: 'São Paulo, Zurich' }, right: named('br-saopaulo-1', 'ch-zurich-1') },
  'country-city': {
    place: { city: 'FR/Paris, DE/Frankfurt am Main' },
    right: named('fr-paris-1', 'fr-paris-2', 'de-frankfurt-1'),
  },
  polygon: {
    place: { area: JSON.stringify(polygonOf(SOUTH_SEA)) },
    right: inBox(SOUTH_SEA),
  },
  'area-shape': { place: { area: 'iberia' }, right: inBox(IBERIA) },
  'area-countries': { place: { area: 'eu' }, right: inEu },
  'not-area': { place: { continent: 'EU', area: '!eu' }, right: both(inEurope, not(inEu)) },
  near: { place: { near: '48.85,2.35 within 450km' }, right: nearTo(PARIS, 450) },
  nearest: { place: { near: '35.6,139.7', nodes: '3' }, ...counted(nearestTo(TOKYO, 3), 3) },
  nodes: { place: { nodes: '4' }, ...counted(isLocated, 4) },
  'area-nodes': { place: { area: 'eu', nodes: '3' }, ...counted(inEu, 3) },
  rows: {
    place: { placement: '- country: FR\n  nodes: 3\n- country: DE\n  nodes: 2\n' },
    right: within('FR', 'DE'),
    counts: [
      { right: within('FR'), nodes: 3 },
      { right: within('DE'), nodes: 2 },
    ],
  },
}

interface Case {
  readonly kind: Kind
  readonly name: string
  readonly selection: Selection
  /** How many pods there must be. */
  readonly pods: number
}

function podsWanted(kind: Kind, { counts, right }: Selection): number {
  if (kind === 'Pod') return 1
  const nodes = counts?.reduce((sum, count) => sum + count.nodes, 0)
  return nodes ?? (kind === 'DaemonSet' ? TABLE.filter(right).length : 2)
}

const CASES: readonly Case[] = Object.entries(SELECTIONS).flatMap(([id, selection]) =>
  KINDS.map((kind) => ({
    kind,
    name: `${kind.toLowerCase()}-${id}`,
    selection,
    pods: podsWanted(kind, selection),
  })),
)

export async function matrix(t: Test, { bed }: Cloud): Promise<void> {
  await namespaces(bed, NAMESPACE)
  await create(bed, {
    apiVersion: 'edge-net.io/v1alpha1',
    kind: 'GeoArea',
    metadata: { name: 'iberia' },
    spec: { geojson: polygonOf(IBERIA) },
  })
  await forEachParallel(CASES, 8, async ({ kind, name, selection, pods }) => {
    const object = workload(kind, name, {
      namespace: NAMESPACE,
      place: selection.place,
      replicas: pods,
    })
    await create(bed, object)
    if (kind === 'CronJob') await missed(bed, pathOf(object))
  })
  const pods = await allRunning(t, bed)
  for (const each of CASES) judge(t, each, pods.get(each.name) ?? [])
}

/** A CronJob that missed its last time runs at once, instead of at the next minute. */
async function missed(bed: Testbed, path: string): Promise<void> {
  const lastScheduleTime = new Date(Date.now() - 70_000).toISOString().replace(/\.\d+Z$/, 'Z')
  await bed.admin.patch(`${path}/status`, { status: { lastScheduleTime } }, 'merge')
}

/** Waits until every workload has its pods, and all of them run; resolves with those that there are. */
async function allRunning(t: Test, bed: Testbed): Promise<Map<string, V1Pod[]>> {
  let found = new Map<string, V1Pod[]>()
  const complete = async () => {
    const pods = await bed.admin.listAll<V1Pod>(pathTo('pods', { namespace: NAMESPACE }))
    found = Map.groupBy(pods, ({ metadata }) => metadata?.labels?.['app'] ?? '')
    const late = CASES.filter(({ name, pods: wanted }) => {
      const running = found.get(name)?.filter(({ status }) => status?.phase === 'Running')
      return running?.length !== wanted
    })
    if (late.length === 0) return true
    const words = late.map(({ name, pods }) => `${name} ${found.get(name)?.length ?? 0}/${pods}`)
    throw new Error(`${late.length} wait: ${words.join(', ')}`)
  }
  const patience = { what: 'the pods of the matrix', timeoutMs: 60_000, everyMs: 300 }
  await until(complete, patience).catch((error: Error) => t.fail(error.message))
  return found
}

function judge(t: Test, { kind, name, selection, pods }: Case, found: readonly V1Pod[]): void {
  const { right, counts } = selection
  const names = nodesOf(found)
  const nodes = rowsOf(names)
  t.equal(nodes.length, pods, `${name}: ${pods} pods`)
  t.strictSame(
    nodes.filter((node) => !right(node)).map((node) => node.name),
    [],
    `${name}: every pod on a right node`,
  )
  if (kind === 'Pod') return
  if (counts) {
    t.equal(new Set(names).size, pods, `${name}: each pod on a node of its own`)
    const share = counts.map((count) => nodes.filter(count.right).length)
    t.strictSame(
      share,
      counts.map((count) => count.nodes),
      `${name}: as many as asked for`,
    )
  } else if (kind === 'DaemonSet') {
    const all = TABLE.filter(right).map((node) => node.name)
    t.strictSame(names, all.sort(), `${name}: one on every right node`)
  }
}
