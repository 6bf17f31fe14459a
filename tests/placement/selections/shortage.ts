/** Too few nodes: who waits, what is said about it, and what heals it. */
import type { Test } from 'tap'
import { REQUIRED } from '../../../core/placement/injection/affinity.ts'
import { until } from '../../testbed/index.ts'
import {
  apply,
  type Cloud,
  create,
  eventsOn,
  namespaces,
  nodesOf,
  pathOf,
  podsOf,
  whenReported,
  whenRunning,
  whenWaiting,
  workload,
} from '../support.ts'

const NAMESPACE = 'shortage'

const rows = (...each: readonly (readonly [country: string, nodes: number])[]) =>
  each.map(([country, nodes]) => `- country: ${country}\n  nodes: ${nodes}\n`).join('')

export async function shortage(t: Test, cloud: Cloud): Promise<void> {
  await namespaces(cloud.bed, NAMESPACE)
  t.jobs = 4
  t.test('one node too few, until another one joins', (t) => joining(t, cloud))
  t.test('no room, until there is some', (t) => room(t, cloud))
  t.test('strict, soft and no spread on one node instead of two', (t) => spread(t, cloud))
  t.test('a cordoned node keeps its pods and is not chosen anew', (t) => cordon(t, cloud))
}

async function joining(t: Test, { bed }: Cloud): Promise<void> {
  const place = { placement: rows(['JP', 3], ['KR', 1]) }
  const object = workload('Deployment', 'joining', { namespace: NAMESPACE, place, replicas: 4 })
  const { stderr } = await apply(bed, object)
  t.match(stderr, /row 1: 2 of 3, row 2: 1 of 1/)
  t.match(stderr, /Warning: 4 replicas, one on a node \(spread is strict\): 1 waits/)
  const before = await whenWaiting(bed, 'joining', { run: 3, wait: 1 }, NAMESPACE)
  const three = ['jp-osaka-1', 'jp-tokyo-1', 'kr-seoul-1']
  t.strictSame(nodesOf(before), ['-', ...three])

  const report = await whenReported(bed, object, ({ missing }) => missing === 1)
  t.match(report, {
    wanted: 4,
    selected: 3,
    ready: 3,
    rows: [
      { facts: 'country JP', wanted: 3, missing: 1, nodes: ['jp-osaka-1', 'jp-tokyo-1'] },
      { facts: 'country KR', wanted: 1, missing: 0, nodes: ['kr-seoul-1'] },
    ],
    conditions: [{ type: 'Satisfied', status: 'False', reason: 'TooFewNodes' }],
  })
  t.match(report.message, /row 1: 2 of 3 nodes for country JP: 2 match now/)
  const told = await until(() => eventsOn(bed, object).then((all) => all.length > 0 && all), {
    what: 'an event on the Deployment',
  })
  t.match(told, [/^TooFewNodes: row 1: 2 of 3 nodes for country JP: 2 match now/])

  const sapporo = { name: 'jp-sapporo-1', lat: 43.0618, lon: 141.3545, country: 'JP' }
  await bed.nodes.add([sapporo])
  const after = await whenRunning(bed, 'joining', 4, NAMESPACE)
  t.strictSame(nodesOf(after), ['jp-osaka-1', 'jp-sapporo-1', 'jp-tokyo-1', 'kr-seoul-1'])
  const uids = (pods: typeof after) => pods.map(({ metadata }) => metadata?.uid ?? '').sort()
  t.strictSame(uids(after), uids(before), 'the waiting pod itself runs, the others stay')
  await whenReported(bed, object, ({ conditions }) => conditions[0]?.status === 'True')
  await until(
    async () => (await eventsOn(bed, object)).some((each) => each.startsWith('Selected')),
    {
      what: 'the good news',
    },
  )
}

async function room(t: Test, { bed }: Cloud): Promise<void> {
  const lodger = workload('Pod', 'lodger', {
    namespace: NAMESPACE,
    place: { city: 'Auckland' },
    requests: { cpu: '2' },
  })
  await create(bed, lodger)
  await whenRunning(bed, 'lodger', 1, NAMESPACE)
  const object = workload('Deployment', 'roomy', {
    namespace: NAMESPACE,
    place: { country: 'NZ', nodes: '1' },
    requests: { cpu: '3' },
  })
  await create(bed, object)
  await whenWaiting(bed, 'roomy', { run: 0, wait: 1 }, NAMESPACE)
  const report = await whenReported(bed, object, ({ missing }) => missing === 1)
  t.match(report.rows, [
    { wanted: 1, matching: 1, nodes: [], reasons: [{ reason: 'has no room for cpu', nodes: 1 }] },
  ])
  t.match(report.message, /0 of 1 nodes for country NZ: 1 matches now; 1 has no room for cpu 3/)
  await bed.admin.delete(pathOf(lodger))
  t.strictSame(nodesOf(await whenRunning(bed, 'roomy', 1, NAMESPACE)), ['nz-auckland-1'])

  // Larger than any node: never.
  const giant = workload('StatefulSet', 'giant', {
    namespace: NAMESPACE,
    place: { country: 'AU', nodes: '1' },
    requests: { memory: '9Gi' },
  })
  await create(bed, giant)
  await whenWaiting(bed, 'giant', { run: 0, wait: 1 }, NAMESPACE)
  const never = await whenReported(bed, giant, ({ missing }) => missing === 1)
  t.match(never.message, /1 has no room for memory 9Gi/)
}

async function spread(t: Test, { bed }: Cloud): Promise<void> {
  const place = { country: 'BR', nodes: '2' }
  const make = async (mode: string) => {
    const name = `spread-${mode}`
    const object = workload('Deployment', name, {
      namespace: NAMESPACE,
      place: { ...place, spread: mode },
      replicas: 3,
    })
    const stored = (await create(bed, object)) as unknown as Stored
    return stored.spec.template.spec.topologySpreadConstraints
  }
  t.match(await make('strict'), [{ topologyKey: 'kubernetes.io/hostname', minDomains: 2 }])
  const [soft] = (await make('soft')) ?? []
  t.match(soft, { topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule' })
  t.notOk(Object.hasOwn(soft ?? {}, 'minDomains'))
  t.equal(await make('none'), undefined)
  await whenWaiting(bed, 'spread-strict', { run: 1, wait: 2 }, NAMESPACE)
  for (const name of ['spread-soft', 'spread-none']) {
    const pods = await whenRunning(bed, name, 3, NAMESPACE)
    t.strictSame(new Set(nodesOf(pods)), new Set(['br-saopaulo-1']), name)
  }
  // With all nodes there, more replicas are spread evenly and none waits.
  const even = workload('Deployment', 'spread-even', {
    namespace: NAMESPACE,
    place: { country: 'DE', nodes: '3' },
    replicas: 6,
  })
  await create(bed, even)
  const nodes = nodesOf(await whenRunning(bed, 'spread-even', 6, NAMESPACE))
  const twice = ['de-berlin-1', 'de-frankfurt-1', 'de-munich-1'].flatMap((name) => [name, name])
  t.strictSame(nodes, twice)
}

interface Stored {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly topologySpreadConstraints?: readonly Readonly<Record<string, unknown>>[]
        readonly affinity?: { readonly nodeAffinity: { readonly [REQUIRED]: object } }
      }
    }
  }
}

async function cordon(t: Test, { bed }: Cloud): Promise<void> {
  const of = (name: string, nodes: number) =>
    workload('StatefulSet', name, {
      namespace: NAMESPACE,
      place: { continent: 'Africa', nodes: String(nodes) },
      replicas: nodes,
    })
  const keeper = of('keeper', 2)
  await create(bed, keeper)
  const before = await whenRunning(bed, 'keeper', 2, NAMESPACE)
  const [cordoned = ''] = nodesOf(before)
  t.equal((await bed.kubectl(['cordon', cordoned])).code, 0)
  const comer = of('comer', 4)
  await create(bed, comer)
  const pods = await whenWaiting(bed, 'comer', { run: 3, wait: 1 }, NAMESPACE)
  t.notOk(nodesOf(pods).includes(cordoned))
  const report = await whenReported(bed, comer, ({ missing }) => missing === 1)
  t.match(report.rows, [{ matching: 4, reasons: [{ reason: 'is cordoned', nodes: 1 }] }])
  const kept = await whenReported(bed, keeper, () => true)
  t.strictSame(kept.rows[0]?.nodes, nodesOf(before), 'still chosen')
  const now = await podsOf(bed, 'keeper', NAMESPACE)
  const ids = (each: typeof now) => each.map(({ metadata }) => metadata?.uid).sort()
  t.strictSame(ids(now), ids(before), 'and not touched')
  t.equal((await bed.kubectl(['uncordon', cordoned])).code, 0)
  t.ok(nodesOf(await whenRunning(bed, 'comer', 4, NAMESPACE)).includes(cordoned))
}
