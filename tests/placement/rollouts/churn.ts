/** Nodes come, go, move and are relabelled; areas are redrawn: pods elsewhere do not notice. */
import type { V1Pod } from '@kubernetes/client-node'
import type { Test } from 'tap'
import type { KubeObject } from '../../../core/admission/types.ts'
import { PREFIX } from '../../../core/placement/labels.ts'
import { pathTo } from '../../../platform/kube/paths.ts'
import { type Testbed, until } from '../../testbed/index.ts'
import {
  type Cloud,
  create,
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

const box = (west: number, south: number, east: number, north: number) => ({
  type: 'Polygon',
  coordinates: [
    [
      [west, south],
      [east, south],
      [east, north],
      [west, north],
      [west, south],
    ],
  ],
})

const AREA: KubeObject = {
  apiVersion: 'edge-net.io/v1alpha1',
  kind: 'GeoArea',
  metadata: { name: 'churned' },
  spec: { geojson: box(-10, 36, 20, 52) },
}

/** Outlines of the area, the first as above. The others leave nodes out and take nodes in. */
const OUTLINES = [box(-10, 36, 20, 52), box(-10, 36, 12, 52), box(-10, 40, 20, 60)]

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
  const world = new World(
    bed,
    table.map(({ name }) => name),
  )
  const watch = new PodWatch(bed)
  await watch.look()
  const steps: string[] = []
  for (let i = 0; i < STEPS; i++) {
    steps.push(await world.step())
    await watch.look()
  }
  await world.calm()
  const after = await Promise.all(WORKLOADS.map((object) => settled(bed, object)))
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
  readonly #names: string[]
  readonly #cordoned = new Set<string>()
  #seed = SEED
  #added = 0
  #outline = 0

  constructor(bed: Testbed, names: readonly string[]) {
    this.#bed = bed
    this.#names = [...names]
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

  #node(name: string): string {
    return pathTo('nodes', { name })
  }

  async #relabel(): Promise<string> {
    const name = this.#pick(this.#names)
    const labels = { 'example.org/rack': String(this.#random(100)), [`${PREFIX}pool`]: 'shared' }
    await this.#bed.admin.patch(this.#node(name), { metadata: { labels } }, 'merge')
    return `label ${name}`
  }

  async #cordon(): Promise<string> {
    const name = this.#pick(this.#names)
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
    const name = this.#pick(this.#names)
    const lastHeartbeatTime = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
    const status = { conditions: [{ type: 'Ready', lastHeartbeatTime }] }
    await this.#bed.admin.patch(`${this.#node(name)}/status`, { status }, 'strategic')
    return `heartbeat ${name}`
  }

  async #add(): Promise<string> {
    const name = `new-${this.#added++}`
    const [lat, lon] = [42 + this.#random(15), this.#random(15)]
    await this.#bed.nodes.add([{ name, lat, lon, country: this.#pick(['FR', 'DE', 'IT']) }])
    this.#names.push(name)
    // It may be chosen in the place of one that is missing, and then that one is back.
    this.touched.add(name)
    return `add ${name}`
  }

  async #remove(): Promise<string> {
    const name = this.#pick(this.#names)
    this.touched.add(name)
    this.#cordoned.delete(name)
    this.#names.splice(this.#names.indexOf(name), 1)
    await this.#bed.nodes.remove(name)
    return `remove ${name}`
  }

  /** To the middle of the Atlantic, which no workload wants. */
  async #move(): Promise<string> {
    const name = this.#pick(this.#names)
    this.touched.add(name)
    const annotations = { [`${PREFIX}location`]: '{"lat":30,"lon":-40,"country":"PT"}' }
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
    if (outline === this.#outline) return
    this.#outline = outline
    const before = await this.#inside()
    await this.#bed.admin.patch(pathOf(AREA), { spec: { geojson: OUTLINES[outline] } }, 'merge')
    const changed = async () => {
      const now = await this.#inside()
      for (const name of before) if (!now.has(name)) this.touched.add(name)
      for (const name of now) if (!before.has(name)) this.touched.add(name)
      return now.size !== before.size
    }
    await until(changed, { what: 'nodes of the redrawn area', timeoutMs: 5_000 })
  }

  async #inside(): Promise<Set<string>> {
    const labelSelector = 'edge-net.node-restriction.kubernetes.io/area-churned'
    const nodes = await this.#bed.admin.listAll(pathTo('nodes'), { labelSelector })
    return new Set(nodes.map(({ metadata }) => metadata.name ?? ''))
  }
}
