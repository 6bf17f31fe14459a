/**
 * The main job, shown: starts a control plane and EdgeNet on it, applies docs/examples, and shows
 * where every pod runs. Exits 1 when one of them runs in the wrong place. `--svg FILE` names the map.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { parseAllDocuments } from 'yaml'
import type { KubeObject } from '../../../core/admission/types.ts'
import { selectionOf } from '../../../core/placement/grammar/annotations.ts'
import type { Kind } from '../../../core/placement/types.ts'
import { pathTo } from '../../../platform/kube/paths.ts'
import { startEdgenet } from '../edgenet.ts'
import { type NodeRow, startTestbed, type Testbed, until, worldNodes } from '../index.ts'
import { type Expectation, expectations } from './expectations.ts'
import { type MapArea, type MapPod, worldMap } from './map.ts'
import { table } from './table.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const EXAMPLES = join(ROOT, 'docs', 'examples')

const { values } = parseArgs({
  options: { svg: { type: 'string', default: join(ROOT, 'demo.svg') } },
})

interface Placed {
  readonly pod: string
  readonly workload: string
  readonly node: NodeRow
}

const say = (text: string) => console.log(text)

async function main(): Promise<number> {
  say('Starting a Kubernetes control plane (its first start builds it, which takes minutes) …')
  const nodes = worldNodes()
  const bed = await startTestbed({ nodes, podStart: 0.5, podStop: 0.5 })
  try {
    const edgenet = await startEdgenet({ kubeconfig: bed.kubeconfig, dir: bed.dir, log: say })
    await located(bed, nodes)
    await applyExamples(bed)
    const wanted = expectations(nodes)
    const placed = await running(bed, wanted, nodes)
    show(placed)
    say(`\n$ kubectl get placements\n${(await bed.kubectl(['get', 'placements'])).stdout}`)
    const good = judge(wanted, placed)
    draw(nodes, placed)
    await edgenet.stop()
    return good ? 0 : 1
  } finally {
    await bed.stop()
  }
}

async function located(bed: Testbed, nodes: readonly NodeRow[]): Promise<void> {
  const known = nodes.filter((node) => node.lat !== undefined).length
  await until(
    async () => {
      const labelled = await bed.admin.listAll(pathTo('nodes'), {
        labelSelector: 'edge-net.io/country-iso',
      })
      return labelled.length >= known
    },
    { timeoutMs: 30_000, what: `${known} nodes to be located` },
  )
  say(`${known} nodes are located and labelled\n`)
}

async function applyExamples(bed: Testbed): Promise<void> {
  for (const file of readdirSync(EXAMPLES).sort()) {
    const path = join(EXAMPLES, file)
    say(`$ kubectl apply -f ${relative(ROOT, path)}`)
    const { code, stdout, stderr } = await bed.kubectl(['apply', '-f', path])
    say(`${stdout}${stderr}`.trimEnd())
    if (code !== 0) throw new Error(`kubectl apply of ${file} failed`)
  }
}

async function running(
  bed: Testbed,
  wanted: readonly Expectation[],
  nodes: readonly NodeRow[],
): Promise<Placed[]> {
  const total = wanted.reduce((sum, { pods }) => sum + pods, 0)
  let placed: Placed[] = []
  await until(
    async () => {
      const pods = await bed.admin.listAll(pathTo('pods', { namespace: 'default' }), {
        fieldSelector: 'status.phase=Running',
      })
      placed = pods.flatMap((pod) => placedPod(pod, nodes))
      return placed.length >= total
    },
    { timeoutMs: 60_000, what: `${total} pods to run` },
  )
  return placed
}

function placedPod(pod: KubeObject, nodes: readonly NodeRow[]): Placed[] {
  const name = pod.metadata.name ?? ''
  const spec = pod['spec'] as { nodeName?: string }
  const node = nodes.find((row) => row.name === spec.nodeName)
  return node ? [{ pod: name, workload: pod.metadata.labels?.['app'] ?? name, node }] : []
}

function show(placed: readonly Placed[]): void {
  const rows = placed
    .map(({ workload, pod, node }) => [
      workload,
      pod,
      node.name,
      node.city ?? '',
      node.country ?? '',
      `${node.lat}, ${node.lon}`,
    ])
    .sort((a, b) => (a.join() < b.join() ? -1 : 1))
  say(`\n${table([['WORKLOAD', 'POD', 'NODE', 'CITY', 'COUNTRY', 'LAT, LON'], ...rows])}`)
}

function judge(wanted: readonly Expectation[], placed: readonly Placed[]): boolean {
  let good = true
  for (const { workload, says, pods, right } of wanted) {
    const on = placed.filter((p) => p.workload === workload).map(({ node }) => node)
    const ok = on.length === pods && right(on)
    good &&= ok
    say(`${ok ? 'ok  ' : 'FAIL'} ${workload}: ${says}`)
  }
  return good
}

function draw(nodes: readonly NodeRow[], placed: readonly Placed[]): void {
  const marks = nodes.flatMap(({ name, lat, lon }) =>
    lat === undefined || lon === undefined ? [] : [{ name, lat, lon }],
  )
  const pods: MapPod[] = placed.map(({ workload, node }) => ({ workload, node: node.name }))
  mkdirSync(dirname(values.svg), { recursive: true })
  writeFileSync(values.svg, worldMap({ nodes: marks, pods, areas: outlines() }))
  say(`\nMap: ${relative(process.cwd(), values.svg)}`)
}

/** The shapes that the examples ask for. */
function outlines(): MapArea[] {
  return readdirSync(EXAMPLES).flatMap((file) =>
    parseAllDocuments(readFileSync(join(EXAMPLES, file), 'utf8'))
      .map((document) => document.toJS() as KubeObject)
      .map((object) => {
        const selection = selectionOf(object.kind as Kind, object)
        const areas = selection?.rows.flatMap((row) => row.anyOf) ?? []
        const rings = areas.flatMap((area) =>
          area.kind === 'shape' ? area.shape.polygons.flat() : [],
        )
        return { workload: object.metadata.name ?? '', rings }
      }),
  )
}

process.exitCode = await main()
