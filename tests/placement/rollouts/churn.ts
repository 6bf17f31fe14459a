/** Nodes come, go, move and are relabelled; areas are redrawn: pods elsewhere do not notice. */
import type { V1Pod } from '@kubernetes/client-node'
import type { Test } from 'tap'
import type { KubeObject } from '../../../core/admission/types.ts'
import { PREFIX } from '../../../core/placement/labels.ts'
import { pathTo } from '../../../platform/kube/paths.ts'
import { type NodeRow, type Testbed, until } from '../../testbed/index.ts'
import {
  type Cloud,
  create,
  labelled,
  namespaces,
  pathOf,
  type WorkloadOptions,
  whenReported,
  workload,
} from '../support.ts'
import { settled } from './state.ts'

const NAMESPACE = 'churn'
const STEPS = 30
/** Another one by EDGENET_TEST_SEED. */
const SEED = Number(process.env['EDGENET_TEST_SEED'] ?? 20_260_101)

/** West, south, east, north, in degrees. */
type Box = readonly [number, number, number, number]

/** Outlines of the area; the second leaves nodes out, the third takes others in. */
const OUTLINES: readonly Box[] = [
  [-10, 36, 20, 52],
  [-10, 36, 12, 52],
  [-10, 40, 20, 60],
]

function geojson(outline: number): object {
  const [west, south, east, north] = OUTLINES[outline] as Box
  const corners = [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
  ]
  return { type: 'Polygon', coordinates: [[...corners, corners[0]]] }
}

interface Place {
  readonly lat?: number
  readonly lon?: number
}

function isInside({ lat = 90, lon = 0 }: Place, outline: number): boolean {
  const [west, south, east, north] = OUTLINES[outline] as Box
  return lon > west && lon < east && lat > south && lat < north
}

const AREA: KubeObject = {
  apiVersion: 'edge-net.io/v1alpha1',
  kind: 'GeoArea',
  metadata: { name: 'churned' },
  spec: { geojson: geojson(0) },
}

const at = (options: WorkloadOptions): WorkloadOptions => ({ namespace: NAMESPACE, ...options })
const ROWS = '- country: FR\n  nodes: 3\n- country: DE\n  nodes: 2\n- continent: Asia\n'

const WORKLOADS: readonly KubeObject[] = [
  workload(
    'Deployment',
    'counted',
    at({ place: { continent: 'Europe', nodes: '8' }, replicas: 8 }),
  ),
  workload('StatefulSet', 'rows', at({ place: { placement: ROWS }, replicas: 6 })),
  workload('DaemonSet', 'area', at({ place: { area: 'churned' } })),
  workload('DaemonSet', 'daemons', at({ place: { country: 'US, FR, DE, GB', nodes: '9' } })),
  workload(
    'Deployment',
    'excluded',
    at({ place: { country: '!RU', area: '!churned' }, replicas: 5 }),
  ),
  workload('Deployment', 'near', at({ place: { near: '48.85,2.35', nodes: '5' }, replicas: 5 })),
]

export async function churn(t: Test, { bed, table }: Cloud): Promise<void> {
  await namespaces(bed, NAMESPACE)
  await create(bed, AREA)
  for (const object of WORKLOADS) await create(bed, object)
  const before = await Promise.all(WORKLOADS.map((object) => settled(bed, object)))
  const world = new World(bed, table)
  const watch = new PodWatch(bed)
  await watch.look()
  const steps: string[] = []
  for (let i = 0; i < STEPS; i++) {
    steps.push(await world.step())
    await watch.look()
  }
  await world.calm()
  await until(() => world.isLabelled(), { what: 'the labels of the area' })
  const after = await Promise.all(
    WORKLOADS.map((object) => settled(bed, object, { orphans: true })),
  )
  // Whoever was short has been looked at again, too.
  for (const object of WORKLOADS) await whenReported(bed, object, ({ missing }) => missing === 0)
  await watch.look()
  t.comment(`seed ${SEED}: ${steps.join(', ')}`)
  for (const [i, { template, revisions }] of after.entries()) {
    const { kind, metadata } = WORKLOADS[i] as KubeObject
    t.strictSame(template, before[i]?.template, `${kind} ${metadata.name}: its template`)
    t.strictSame(revisions, before[i]?.revisions, 'and revisions')
  }
  const restarted = watch.gone().filter(({ node }) => !world.touched.has(node))
  t.strictSame(restarted, [], 'no pod is gone from a node that stayed as it was')
  t.ok(watch.seen > 40, `${watch.seen} pods on ${table.length} nodes were looked at`)
  t.ok(world.touched.size < table.length - 10, `${world.touched.size} nodes were touched`)
}

interface Seen {
  readonly pod: string
  readonly node: string
}

/** Remembers every pod that ran at any time. */
class PodWatch {
  readonly #bed: Testbed
  readonly #all = new Map<string, Seen>()
  #now = new Set<string>()

  constructor(bed: Testbed) {
    this.#bed = bed
  }

  get seen(): number {
    return this.#all.size
  }

  async look(): Promise<void> {
    const pods = await this.#bed.admin.listAll<V1Pod>(pathTo('pods', { namespace: NAMESPACE }))
    this.#now = new Set()
    for (const { metadata, spec } of pods) {
      if (!metadata?.uid || metadata.deletionTimestamp || !spec?.nodeName) continue
      this.#now.add(metadata.uid)
      this.#all.set(metadata.uid, { pod: metadata.name ?? '', node: spec.nodeName })
    }
  }

  gone(): Seen[] {
    return [...this.#all].filter(([uid]) => !this.#now.has(uid)).map(([, pod]) => pod)
  }
}

/** Does random things to nodes, and remembers to which a workload may answer. */
class World {
  /** Nodes that are gone, were moved, or are on another side of the redrawn area. */
  readonly touched = new Set<string>()
  readonly #bed: Testbed
  readonly #places: Map<string, Place>
  readonly #cordoned = new Set<string>()
  #seed = SEED
  #added = 0
  #outline = 0

  constructor(bed: Testbed, table: readonly NodeRow[]) {
    this.#bed = bed
    this.#places = new Map(table.map((row) => [row.name, row]))
  }

  /** Does one thing and says what. */
  step(): Promise<string> {
    const deeds = [
      () => this.#relabel(),
      () => this.#relabel(),
      () => this.#cordon(),
      () => this.#cordon(),
      () => this.#heartbeat(),
      () => this.#add(),
      () => this.#remove(),
      () => this.#move(),
      () => this.#redraw(),
    ]
    return this.#pick(deeds)()
  }

  /** Opens all nodes and gives the area its first outline again. */
  async calm(): Promise<void> {
    for (const name of this.#cordoned) await this.#setSchedulable(name, true)
    await this.#draw(0)
  }

  /** A linear congruential generator: the same steps for the same seed. */
  #random(below: number): number {
    this.#seed = (this.#seed * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.floor((this.#seed / 2 ** 31) * below)
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#random(list.length)] as T
  }

  #any(): string {
    return this.#pick([...this.#places.keys()])
  }

  #node(name: string): string {
    return pathTo('nodes', { name })
  }

  async #relabel(): Promise<string> {
    const name = this.#any()
    const labels = { 'example.org/rack': String(this.#random(100)) }
    await this.#bed.admin.patch(this.#node(name), { metadata: { labels } }, 'merge')
    return `label ${name}`
  }

  async #cordon(): Promise<string> {
    const name = this.#any()
    const open = this.#cordoned.has(name)
    await this.#setSchedulable(name, open)
    if (open) this.#cordoned.delete(name)
    else this.#cordoned.add(name)
    return `${open ? 'uncordon' : 'cordon'} ${name}`
  }

  async #setSchedulable(name: string, schedulable: boolean): Promise<void> {
    const spec = { unschedulable: schedulable ? null : true }
    await this.#bed.admin.patch(this.#node(name), { spec }, 'merge')
  }

  /** A status as a kubelet writes it: nothing but times. */
  async #heartbeat(): Promise<string> {
    const name = this.#any()
    const lastHeartbeatTime = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
    const status = { conditions: [{ type: 'Ready', lastHeartbeatTime }] }
    await this.#bed.admin.patch(`${this.#node(name)}/status`, { status }, 'strategic')
    return `heartbeat ${name}`
  }

  async #add(): Promise<string> {
    const name = `new-${this.#added++}`
    const [lat, lon] = [42 + this.#random(15), this.#random(15)]
    await this.#bed.nodes.add([{ name, lat, lon, country: this.#pick(['FR', 'DE', 'IT']) }])
    this.#places.set(name, { lat, lon })
    // It may be chosen in the place of one that is missing, and then that one is back.
    this.touched.add(name)
    return `add ${name}`
  }

  async #remove(): Promise<string> {
    const name = this.#any()
    this.touched.add(name)
    this.#cordoned.delete(name)
    this.#places.delete(name)
    await this.#bed.nodes.remove(name)
    return `remove ${name}`
  }

  /** To the middle of the Atlantic, which no workload wants. */
  async #move(): Promise<string> {
    const name = this.#any()
    this.touched.add(name)
    const place = { lat: 30, lon: -40, country: 'PT' }
    this.#places.set(name, place)
    const annotations = { [`${PREFIX}location`]: JSON.stringify(place) }
    await this.#bed.admin.patch(this.#node(name), { metadata: { annotations } }, 'merge')
    return `move ${name}`
  }

  async #redraw(): Promise<string> {
    const outline = (this.#outline + 1) % OUTLINES.length
    await this.#draw(outline)
    return `outline ${outline}`
  }

  /** Pods of the DaemonSet leave nodes that are outside now; those are not unaffected. */
  async #draw(outline: number): Promise<void> {
    for (const [name, place] of this.#places) {
      if (isInside(place, outline) !== isInside(place, this.#outline)) this.touched.add(name)
    }
    this.#outline = outline
    await this.#bed.admin.patch(pathOf(AREA), { spec: { geojson: geojson(outline) } }, 'merge')
  }

  /** Whether exactly the nodes inside the area carry its label. */
  async isLabelled(): Promise<boolean> {
    const wanted = [...this.#places].filter(([, place]) => isInside(place, this.#outline))
    const label = 'edge-net.node-restriction.kubernetes.io/area-churned'
    return (
      (await labelled(this.#bed, label)).join() ===
      wanted
        .map(([name]) => name)
        .sort()
        .join()
    )
  }
}
