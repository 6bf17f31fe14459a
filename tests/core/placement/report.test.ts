import t from 'tap'
import type { KubeObject } from '../../../core/admission/types.ts'
import { checkAreaName, storedGeoArea } from '../../../core/placement/choice/geo-area.ts'
import { observe } from '../../../core/placement/observed.ts'
import { newMove, type PlacementStatus } from '../../../core/placement/report/report.ts'
import { reportEvents } from '../../../core/placement/report/report-events.ts'
import { reportName } from '../../../core/placement/report/report-usage.ts'

/** RFC 1123 subdomain of at most 253 characters, as the API server wants names. */
const isName = (text: string): boolean =>
  text.length <= 253 &&
  text.split('.').every((part) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(part))

t.test('names of reports', async (t) => {
  t.equal(reportName('Deployment', 'web.v1'), 'deployment-web.v1')
  t.notSame(reportName('Pod', 'job-a'), reportName('Job', 'a'))
  const names = new Set<string>()
  for (let dot = 200; dot < 250; dot++) {
    for (const kind of ['Pod', 'Deployment', 'ReplicaSet']) {
      const name = `${'a'.repeat(dot)}.${'b'.repeat(252 - dot)}`
      const report = reportName(kind, name)
      t.ok(isName(report), `${kind} with a dot at ${dot}: ${report.slice(220)}`)
      names.add(report)
    }
  }
  t.equal(names.size, 150, 'each has its own')
})

function status(change: Partial<PlacementStatus> = {}, condition = {}): PlacementStatus {
  return {
    observedGeneration: 1,
    wanted: 3,
    selected: 2,
    ready: 2,
    missing: 1,
    message: '2 of 3 nodes',
    rows: [],
    conditions: [
      {
        type: 'Satisfied',
        status: 'False',
        reason: 'TooFewNodes',
        message: '2 of 3 nodes',
        lastTransitionTime: '2026-01-01T00:00:00Z',
        observedGeneration: 1,
        ...condition,
      },
    ],
    ...change,
  }
}

t.test('events tell what changed, not each detail of a shortage', async (t) => {
  const reasons = (before: PlacementStatus | undefined, now: PlacementStatus) =>
    reportEvents(before, now).map(({ reason }) => reason)
  t.strictSame(reasons(undefined, status()), ['TooFewNodes'])
  const detail = { message: '2 of 3 nodes; 7 have no room for cpu 500m' }
  t.strictSame(reasons(status(), status(detail, detail)), [])
  t.strictSame(reasons(status(), status({ missing: 2 })), ['TooFewNodes'], 'it got worse')
  t.strictSame(reasons(status(), status({}, { reason: 'NoNodes' })), ['NoNodes'])
  const good = status({ missing: 0 }, { status: 'True', reason: 'Selected' })
  t.strictSame(reasons(status(), good), ['Selected'])
  t.strictSame(reasons(good, { ...good, ready: 1 }), [])
})

t.test('two moves within a second are two', async (t) => {
  const time = '2026-01-01T00:00:00Z'
  const first = status({ lastMove: { time, from: 'a', to: 'b', reason: 'a is gone' } })
  const second = status({ lastMove: { time, from: 'b', to: 'c', reason: 'b is gone' } })
  t.match(newMove(undefined, first), { from: 'a' })
  t.equal(newMove(first, { ...first, ready: 1 }), undefined)
  t.match(newMove(first, second), { from: 'b' })
})

t.test('a GeoArea that means nothing is none; its name must fit in labels', async (t) => {
  const area = (spec: unknown): KubeObject => ({ metadata: { name: 'x' }, spec }) as KubeObject
  t.match(storedGeoArea(area({ countries: ['FR'] })), { definition: { countries: ['FR'] } })
  const wrong = [undefined, {}, 'FR', { countries: ['XX'] }, { geojson: null }, { geojson: {} }]
  for (const spec of wrong) t.equal(storedGeoArea(area(spec)), undefined, JSON.stringify(spec))
  for (const name of ['alps', 'a.b', 'a'.repeat(55), '0123456789abcdef01234']) checkAreaName(name)
  for (const name of ['', 'Alps', 'a'.repeat(56), '0123456789abcdef0123', 'a_b', '-a']) {
    t.throws(() => checkAreaName(name), { code: 'EDGENET_AREA_NAME_INVALID' }, name)
  }
})

t.test('a workload that is being deleted is still placed, and known to go', async (t) => {
  const metadata = {
    name: 'web',
    namespace: 'default',
    annotations: { 'edge-net.io/country': 'FR' },
  }
  const spec = { template: { spec: { containers: [] } } }
  t.equal(observe('Deployment', { metadata, spec } as KubeObject)?.placed?.deleting, undefined)
  const dying = { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' }
  t.equal(observe('Deployment', { metadata: dying, spec } as KubeObject)?.placed?.deleting, true)
})
