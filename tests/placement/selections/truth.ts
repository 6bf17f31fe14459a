/** Polygons whose inside is known, through all of it: annotation, labels, the DaemonSet's controller. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { RESTRICTED } from '../../../core/placement/labels.ts'
import { type NodeRow, until } from '../../testbed/index.ts'
import {
  allLocated,
  type Cloud,
  create,
  labelled,
  namespaces,
  nodesOf,
  podsOf,
  whenReported,
  workload,
} from '../support.ts'

const DATA = join(import.meta.dirname, '..', '..', 'data', 'geo')
const NAMESPACE = 'truth'

interface Truth {
  readonly polygon: string
  readonly node: NodeRow
  readonly inside: boolean
}

/** Rows polygon,point_name,lat,lon,expected, each with the node at that point. */
function readTruth(): Truth[] {
  const [, ...lines] = readFileSync(join(DATA, 'truth.csv'), 'utf8').trim().split('\n')
  return lines.map((line) => {
    const [polygon = '', , lat = '', lon = '', expected] = line.split(',')
    const name = `at-${lat}-${lon}`.replaceAll('--', '-m').replaceAll('.', 'p')
    // The country is the same for all, so that nothing but the polygon decides.
    const node = { name, lat: Number(lat), lon: Number(lon), country: 'AQ' }
    return { polygon, node, inside: expected === 'in' }
  })
}

export async function truth(t: Test, { bed }: Cloud): Promise<void> {
  const table = readTruth()
  const nodes = [...new Map(table.map(({ node }) => [node.name, node])).values()]
  await namespaces(bed, NAMESPACE)
  await bed.nodes.add(nodes)
  await allLocated(bed, nodes)
  const polygons = [...Map.groupBy(table, ({ polygon }) => polygon)]
  await Promise.all(
    polygons.map(async ([name, rows]) => {
      const area = readFileSync(join(DATA, `${name}.geojson`), 'utf8')
      const object = workload('DaemonSet', name, {
        namespace: NAMESPACE,
        place: { area, country: 'AQ' },
      })
      const stored = await create(bed, object)
      const on = await settled(bed, name, JSON.stringify(stored))
      await whenReported(bed, object, ({ selected }) => selected === on.length)
      for (const { node, inside } of rows) {
        t.equal(on.includes(node.name), inside, `${name}: ${node.lat},${node.lon}`)
      }
    }),
  )
}

/** Where the pods of a DaemonSet are when every node of its area, of which there are some, has one. */
async function settled(bed: Cloud['bed'], name: string, stored: string): Promise<string[]> {
  const label = new RegExp(`${RESTRICTED}area-[0-9a-f]+`).exec(stored)?.[0] ?? ''
  let on: string[] = []
  const complete = async () => {
    const area = await labelled(bed, `${label},edge-net.io/country-iso=AQ`)
    on = nodesOf(await podsOf(bed, name, NAMESPACE))
    return area.length > 0 && area.join() === on.join()
  }
  await until(complete, { what: `a pod of ${name} on each node of the polygon` })
  return on
}
