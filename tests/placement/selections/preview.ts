/** What an apply answers, and that a dry run answers the same and leaves nothing behind. */
import type { Test } from 'tap'
import { RESTRICTED } from '../../../core/placement/labels.ts'
import {
  apply,
  type Cloud,
  eventsOn,
  labelled,
  namespaces,
  nodesOf,
  podsOf,
  reportOf,
  whenReported,
  workload,
} from '../support.ts'
import { polygonOf } from './world.ts'

const NAMESPACE = 'preview'

interface Answered {
  readonly place: Readonly<Record<string, string>>
  readonly replicas?: number
  readonly warnings: readonly string[]
}

const UNLOCATED = '2 nodes have no known place and are in no selection'

const ANSWERED: readonly Answered[] = [
  { place: { country: 'FR, DE' }, warnings: ['9 nodes match now: FR 6, DE 3'] },
  {
    place: { country: 'GB', nodes: '3' },
    replicas: 4,
    warnings: [
      '2 of 3 nodes for country GB: 2 match now',
      '4 replicas, one on a node (spread is strict): 2 wait until more nodes can be chosen',
      UNLOCATED,
    ],
  },
  {
    place: { country: 'DE', nodes: '3' },
    replicas: 1,
    warnings: [
      '3 of 3 nodes chosen; 3 nodes match now: DE 3',
      'replicas is 1, fewer than the 3 nodes asked for: 2 nodes stay without a pod',
    ],
  },
  {
    place: { city: 'FR/Pari' },
    warnings: [
      'no node matches city FR/Pari now',
      'without city=FR/Pari',
      'nearest known city: FR/Paris',
      UNLOCATED,
    ],
  },
  {
    place: { near: '45,0 within 30km' },
    warnings: [
      'the circle of 30 km around 45,0',
      'nearest outside: fr-toulouse-1, Toulouse, 160 km',
    ],
  },
]

export async function preview(t: Test, { bed }: Cloud): Promise<void> {
  await namespaces(bed, NAMESPACE)
  for (const [i, { place, replicas = 1, warnings }] of ANSWERED.entries()) {
    const object = workload('Deployment', `answered-${i}`, {
      namespace: NAMESPACE,
      place,
      replicas,
    })
    const dry = await apply(bed, object, '--dry-run=server')
    t.equal(dry.code, 0)
    t.match(dry.stdout, /created \(server dry run\)/)
    const lines = dry.stderr.split('\n').filter((line) => line !== '')
    t.ok(
      lines.every((line) => line.startsWith('Warning: ')),
      dry.stderr,
    )
    for (const warning of warnings) t.match(dry.stderr, warning)
    if (i > 1) continue
    const real = await apply(bed, object)
    t.equal(real.stderr, dry.stderr, 'a real apply says the same')
  }
}

/** A polygon of its own: nobody else uses its label. */
const SOMEWHERE = JSON.stringify(polygonOf({ south: 41, north: 47, west: 7, east: 13.5 }))

export async function dryRun(t: Test, { bed }: Cloud): Promise<void> {
  const namespace = 'dry-run'
  await namespaces(bed, namespace)
  const object = workload('Deployment', 'dry', {
    namespace,
    place: { area: SOMEWHERE, nodes: '1' },
  })
  const { code, stdout, stderr } = await apply(bed, object, '--dry-run=server', '-o', 'json')
  t.equal(code, 0)
  t.match(stderr, /Warning: 1 of 1 nodes chosen; 2 nodes match now: IT 2/)
  const labels = [...new Set(stdout.match(new RegExp(`${RESTRICTED}(area|use)-[a-z0-9-]+`, 'g')))]
  t.equal(labels.length, 2, 'the answer shows the affinity')

  // 32 rows each: six of them are under the limit of 200 for a namespace, seven are not.
  const many = (name: string) =>
    workload('Deployment', name, {
      namespace,
      place: { placement: '- country: GL\n  nodes: 1\n'.repeat(32) },
      replicas: 0,
    })
  for (let i = 0; i < 7; i++)
    t.equal((await apply(bed, many(`dry-${i}`), '--dry-run=server')).code, 0)
  for (let i = 0; i < 6; i++) t.equal((await apply(bed, many(`real-${i}`))).code, 0)
  const over = await apply(bed, many('real-6'))
  t.equal(over.code, 1)
  t.match(
    over.stderr,
    /asks for 32 rows with a number of nodes, your other workloads use 192, and the limit is 200 in all: use at most 8 here.*\[EDGENET_TOO_MANY_SELECTIONS\]/,
  )

  // By now the controllers have seen all that there is to be seen of the dry run.
  await whenReported(bed, many('real-5'), ({ missing }) => missing === 32)
  t.equal(await reportOf(bed, object), undefined)
  for (const label of labels) t.strictSame(await labelled(bed, label), [])
  t.strictSame(await eventsOn(bed, object), [])
  t.strictSame(nodesOf(await podsOf(bed, 'dry', namespace)), [])
  t.equal((await bed.kubectl(['get', 'deployment', 'dry', '-n', namespace])).code, 1)
}
