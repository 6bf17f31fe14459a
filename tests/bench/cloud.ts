/** 5,000 located nodes on a real control plane, with EdgeNet's processes beside it. */
import type { KubeObject } from '../../core/admission/types.ts'
import { CONDITION, nodeFacts } from '../../core/location/node-facts.ts'
import { settle } from '../../core/location/settle.ts'
import { pathTo } from '../../platform/kube/paths.ts'
import { forEachParallel } from '../../platform/parallel.ts'
import { type EdgenetHandle, startEdgenet } from '../testbed/edgenet.ts'
import { nodeObject } from '../testbed/fakenode.ts'
import { type NodeRow, startTestbed, type Testbed, worldNodes } from '../testbed/index.ts'
import type { Say } from './figure.ts'

export const NODES = 5000

/** What the nodes of a cloud weigh, in bytes of JSON. */
const NODE_BYTES = 5000

const PARALLEL = 20

export interface BenchCloud {
  readonly bed: Testbed
  readonly edgenet: EdgenetHandle
  stop(): Promise<void>
}

/** Nodes strewn around the places of the world, up to about 150 km off, always the same. */
export function benchRows(): NodeRow[] {
  const places = worldNodes().filter(({ lat, country }) => lat !== undefined && country)
  return Array.from({ length: NODES }, (_, i): NodeRow => {
    const place = places[i % places.length] as NodeRow
    const { address: _address, ...row } = place
    const lat = (place.lat ?? 0) + ((i * 7) % 61) / 30 - 1
    const lon = (place.lon ?? 0) + ((i * 13) % 67) / 33 - 1
    return { ...row, name: `edge-${i}`, lat: +lat.toFixed(4), lon: +lon.toFixed(4) }
  })
}

const HEARD = '2026-01-01T00:00:00Z'

const CONDITIONS = [
  { type: 'MemoryPressure', status: 'False' },
  { type: 'DiskPressure', status: 'False' },
  { type: 'PIDPressure', status: 'False' },
  { type: 'Ready', status: 'True' },
]

interface NodeDraft {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> }
  readonly status: object
}

/**
 * A Node as a kubelet that works keeps it and as the locator leaves it, so that nobody writes it but
 * who places. Images make up its weight, as they do on real ones.
 */
function readyNode(row: NodeRow): KubeObject {
  const draft = nodeObject(row, false) as NodeDraft
  const { labels, condition } = settle(nodeFacts(draft), { databases: [] })
  const conditions = [...CONDITIONS, { type: CONDITION, ...condition }].map((known) => ({
    reason: 'Bench',
    ...known,
    lastHeartbeatTime: HEARD,
    lastTransitionTime: HEARD,
  }))
  const full = (images: number) => ({
    ...draft,
    metadata: { ...draft.metadata, labels: { ...draft.metadata.labels, ...labels } },
    status: {
      ...draft.status,
      conditions,
      images: Array.from({ length: images }, (_, i) => ({
        names: [`registry.example/team/image-${i}@sha256:${String(i).padStart(64, '0')}`],
        sizeBytes: 100_000_000 + i,
      })),
    },
  })
  const [none = 0, one = 0] = [full(0), full(1)].map((node) => JSON.stringify(node).length)
  return full(Math.ceil((NODE_BYTES - none) / (one - none)))
}

/**
 * Without kubelets, scheduler and controller-manager: they would share the two cores with what is
 * measured, and workloads without replicas need none of them.
 */
export async function startBenchCloud(say: Say): Promise<BenchCloud> {
  say('starting etcd and kube-apiserver')
  const bed = await startTestbed({
    nodes: 'none',
    components: ['etcd', 'kube-apiserver'],
    // It would put a taint on every node that only a controller-manager takes off.
    apiserverFlags: ['--disable-admission-plugins=TaintNodesByCondition'],
  })
  try {
    say(`creating ${NODES} nodes`)
    await forEachParallel(benchRows(), PARALLEL, async (row) => {
      await bed.admin.create(pathTo('nodes'), readyNode(row))
    })
    say('starting EdgeNet')
    const edgenet = await startEdgenet({ kubeconfig: bed.kubeconfig, dir: bed.dir })
    const stop = async () => {
      await edgenet.stop()
      await bed.stop()
    }
    return { bed, edgenet, stop }
  } catch (error) {
    await bed.stop()
    throw error
  }
}
