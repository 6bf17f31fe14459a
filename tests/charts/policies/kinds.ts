import type { Test } from 'tap'
import { pathTo } from '../../../platform/kube/paths.ts'
import { verdict } from '../verdict.ts'
import { answer, DRY, type World } from './world.ts'

const square = {
  type: 'Polygon',
  coordinates: [
    [
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 0],
    ],
  ],
}
const area = (name: string, spec: unknown) => ({
  apiVersion: 'edge-net.io/v1alpha1',
  kind: 'GeoArea',
  metadata: { name },
  spec,
})
const areas = (name?: string, subresource?: string) =>
  pathTo('geoareas', { ...(name && { name }), subresource })
const report = (status: unknown) => ({ status })

/** The schemas of GeoArea and Placement. */
export function kinds(t: Test, { admin, bed, controllers }: World): void {
  t.test('GeoArea: what is accepted', async (t) => {
    const france = { countries: ['FR'] }
    const cases: [string, string, unknown, string | RegExp][] = [
      ['a polygon', 'alps', { geojson: square }, 'ok'],
      [
        'a feature with properties of any kind',
        'alps',
        { geojson: { type: 'Feature', geometry: square, properties: { a: [1, { b: null }] } } },
        'ok',
      ],
      ['countries', 'alps', france, 'ok'],
      ['both', 'alps', { geojson: square, ...france }, /exactly one of geojson and countries/],
      ['neither', 'alps', {}, /exactly one of geojson and countries/],
      ['no spec', 'alps', undefined, /spec: Required value/],
      ['no country', 'alps', { countries: [] }, /should have at least 1 items/],
      ['a name of a country', 'alps', { countries: ['France'] }, /countries\[0\]/],
      ['lower case', 'alps', { countries: ['fr'] }, /should match/],
      ['a country twice', 'alps', { countries: ['FR', 'FR'] }, /Duplicate value/],
      ['text for an outline', 'alps', { geojson: '{}' }, /must be of type object/],
      ['an outline without type', 'alps', { geojson: { coordinates: [] } }, /type: Required value/],
      ['50 characters', 'a'.repeat(50), france, 'ok'],
      ['51 characters', 'a'.repeat(51), france, /at most 50 characters/],
      ['20 hexadecimal digits', '0123456789abcdef0123', france, /reserved for outlines/],
      ['19 of them', '0123456789abcdef012', france, 'ok'],
      ['20 other characters', '0123456789abcdefg123', france, 'ok'],
    ]
    for (const [what, name, spec, expected] of cases) {
      const found = await verdict(admin.create(areas(), area(name, spec), DRY))
      if (expected === 'ok') t.equal(found, 'ok', what)
      else t.match(found, { status: 422, message: expected }, what)
    }
    const stored = await admin.create(areas(), area('box', { geojson: { ...square, extra: 1 } }))
    t.match(
      stored['spec'],
      { geojson: { ...square, extra: 1 } },
      'nothing of an outline is dropped',
    )
    const status = { observedGeneration: 1, nodes: 3, vertices: 4 }
    await controllers.patch(areas('box', 'status'), { status }, 'merge')
    const table = await bed.kubectl(['get', 'ga'])
    t.match(table.stdout, /^NAME +NODES +VERTICES +READY +AGE\nbox +3 +4 /, 'columns, short name')
  })

  t.test('Placement: a full report is stored as it is, and shown', async (t) => {
    const names = Array.from({ length: 1000 }, (_, i) => `node-${i}.${'x'.repeat(40)}`)
    const time = '2026-01-01T00:00:00Z'
    const row = {
      facts: 'country FR',
      wanted: 1000,
      nodes: names,
      matching: 1200,
      missing: 2,
      reasons: [{ reason: 'not ready', nodes: 7 }],
      label: `edge-net.node-restriction.kubernetes.io/use-${'x'.repeat(59)}`,
    }
    const status = {
      observedGeneration: 4,
      wanted: 1000,
      selected: 998,
      ready: 997,
      missing: 2,
      message: 'm'.repeat(60_000),
      rows: [
        { id: '0123456789abcdef0123', ...row },
        { id: 'open', facts: 'city Paris', matching: 3 },
      ],
      lastMove: { time, from: 'a', to: 'b', reason: 'a is gone' },
      conditions: [
        {
          type: 'Satisfied',
          status: 'False',
          reason: 'TooFewNodes',
          message: 'two are missing',
          lastTransitionTime: time,
          observedGeneration: 4,
        },
      ],
    }
    const path = (subresource?: string) =>
      pathTo('placements', { namespace: 'default', name: 'deployment-full', subresource })
    const workload = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'full', uid: 'u' }
    await controllers.create(pathTo('placements', { namespace: 'default' }), {
      apiVersion: 'edge-net.io/v1alpha1',
      kind: 'Placement',
      metadata: { name: 'deployment-full' },
      spec: { workload },
    })
    const stored = await controllers.patch(path('status'), report(status), 'merge')
    t.strictSame(stored['status'], status, 'every field has a place in the schema')
    const { stdout } = await bed.kubectl(['get', 'pl', 'deployment-full'])
    const columns = /^NAME +WANTED +SELECTED +READY +MISSING +SATISFIED +AGE\n/
    t.match(stdout, columns, 'columns, short name')
    t.match(stdout, /deployment-full +1000 +998 +997 +2 +False /)
    const bad: [string, unknown][] = [
      ['a negative count', { wanted: -1 }],
      ['text for a count', { ready: '3' }],
      [
        '65 rows',
        { rows: Array.from({ length: 65 }, (_, i) => ({ ...status.rows[1], id: `${i}` })) },
      ],
      ['a row twice', { rows: [status.rows[1], status.rows[1]] }],
      [
        'a condition of another status',
        { conditions: [{ ...status.conditions[0], status: 'Yes' }] },
      ],
    ]
    for (const [what, part] of bad)
      t.equal(
        await answer(controllers.patch(path('status'), report(part), 'merge', DRY)),
        '422',
        what,
      )
    const explain = await bed.kubectl(['explain', 'placements.status.rows'])
    t.match(explain.stdout, /Number of nodes that have the facts/, 'kubectl explain tells')
    t.equal(explain.code, 0)
  })
}
