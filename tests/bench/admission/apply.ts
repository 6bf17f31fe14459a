import { pathTo } from '../../../platform/kube/paths.ts'
import type { Testbed } from '../../testbed/index.ts'
import { type Figure, p50p99 } from '../figure.ts'
import { deployment, SELECTIONS } from '../workloads.ts'
import { DEPLOYMENT_BYTES } from './review.ts'

const EACH = 300

/** A country, a polygon, and a row with a count, in turn. */
const PLACED = ['country', 'polygon', 'counted'] as const

/** Creates Deployments by the API server, with and without placement in turn, one after the other. */
export async function benchApply(bed: Testbed): Promise<Figure[]> {
  const namespace = 'apply'
  await bed.admin.create(pathTo('namespaces'), {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace },
  })
  const times = { placed: [] as number[], plain: [] as number[] }
  for (let i = 0; i < EACH; i++) {
    const kind = PLACED[i % PLACED.length] ?? 'country'
    const placed = SELECTIONS[kind]?.(i) ?? {}
    for (const [how, annotations] of [
      ['placed', placed],
      ['plain', { 'example.org/note': JSON.stringify(placed) }],
    ] as const) {
      const object = deployment(`${how}-${i}`, { namespace, annotations, bytes: DEPLOYMENT_BYTES })
      const began = performance.now()
      await bed.admin.create(pathTo('deployments', { namespace }), object)
      times[how].push(performance.now() - began)
    }
  }
  await bed.admin.delete(pathTo('namespaces', { name: namespace }))
  return [
    {
      what: `create a placed Deployment of 8 kB through the API server, n = ${EACH}`,
      ours: p50p99(times.placed),
      beside: `not placed, no webhook: ${p50p99(times.plain)}`,
    },
  ]
}
