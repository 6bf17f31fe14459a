/** Placements through the lives of their workloads, and what they cost where something is being deleted. */
import type { Test } from 'tap'
import type { KubeObject } from '../../../core/admission/types.ts'
import { reportName } from '../../../core/placement/report/report-usage.ts'
import { isStatus } from '../../../platform/kube/client.ts'
import { pathTo } from '../../../platform/kube/paths.ts'
import { type AuditEvent, type Testbed, until } from '../../testbed/index.ts'
import { apply, type Cloud, create, namespaces, pathOf, workload } from '../support.ts'
import { caughtUp, changesSince, words } from './account.ts'

const NAMESPACE = 'reports'

interface Placement extends KubeObject {
  readonly spec?: { readonly countedRows?: number; readonly workload?: { readonly uid?: string } }
  readonly status?: { readonly observedGeneration?: number; readonly missing?: number }
}

const path = ({ kind = '', metadata }: KubeObject, namespace = NAMESPACE): string =>
  pathTo('placements', { namespace, name: reportName(kind, metadata.name ?? '') })

/** The Placement once it is as wanted. */
function whenReport(
  bed: Testbed,
  object: KubeObject,
  test: (report: Placement) => boolean = ({ status }) => status !== undefined,
): Promise<Placement> {
  return until(
    async () => {
      const report = await bed.admin.get<Placement>(path(object))
      if (test(report)) return report
      throw new Error(JSON.stringify(report))
    },
    { what: `the Placement of ${object.kind} ${object.metadata.name}` },
  )
}

const isGone = (bed: Testbed, at: string) => async () => {
  const error = await bed.admin.get(at).catch((thrown: unknown) => thrown)
  return isStatus(error, 404)
}

const placed = (name: string, place: Readonly<Record<string, string>>, namespace = NAMESPACE) =>
  workload('Deployment', name, { namespace, place, replicas: 1 })

const isNewReport = ({ resource, verb }: AuditEvent): boolean =>
  resource === 'placements' && verb === 'create'

export async function reports(t: Test, { bed }: Cloud): Promise<void> {
  await namespaces(bed, NAMESPACE)
  // By the guard nobody else may delete reports.
  const collector = bed.clientFor('system:kube-controller-manager', ['system:masters'])

  await t.test('one that was deleted comes back', async (t) => {
    const web = await create(bed, placed('web', { country: 'FR', nodes: '1' }))
    const first = await whenReport(bed, web)
    await collector.delete(path(web))
    const second = await whenReport(
      bed,
      web,
      ({ metadata, status }) => metadata.uid !== first.metadata.uid && status !== undefined,
    )
    t.match(second.status, { missing: 0 })
  })

  await t.test('one workload has one, however it changes', async (t) => {
    const web = placed('rows', { placement: '[{country: FR, nodes: 1}]' })
    await create(bed, web)
    const first = await whenReport(bed, web)
    const more = placed('rows', { placement: '[{country: FR, nodes: 1}, {country: DE, nodes: 1}]' })
    await apply(bed, more)
    const second = await whenReport(bed, web, ({ spec }) => spec?.countedRows === 2)
    t.equal(second.metadata.uid, first.metadata.uid)
  })

  await t.test('another workload of the same name has another', async (t) => {
    const web = placed('again', { country: 'FR' })
    await create(bed, web)
    const first = await whenReport(bed, web)
    await bed.admin.delete(pathOf(web))
    const { metadata } = await create(bed, web)
    const second = await whenReport(
      bed,
      web,
      ({ spec, status }) => spec?.workload?.uid === metadata.uid && status !== undefined,
    )
    t.notSame(second.metadata.uid, first.metadata.uid)
    t.match(second.metadata.ownerReferences, [{ uid: metadata.uid }])
  })

  await t.test('the longest name', async (t) => {
    const { metadata, ...rest } = placed('long', { country: 'FR' })
    // What is left of it for the report would end in a dot.
    const long = {
      ...rest,
      metadata: { ...metadata, name: `${'a'.repeat(220)}.${'b'.repeat(32)}` },
    }
    await create(bed, long)
    t.match(await whenReport(bed, long), { status: { observedGeneration: 1 } })
  })

  await t.test('a workload that is being deleted gets no new one', async (t) => {
    const slow = placed('slow', { country: 'FR', nodes: '1' })
    await create(bed, slow)
    await whenReport(bed, slow)
    const change = (body: object) => bed.admin.patch(pathOf(slow), body, 'merge')
    await change({ metadata: { finalizers: ['example.org/slow'] } })
    await bed.admin.delete(pathOf(slow))
    // As the garbage collector does when dependents go first.
    await collector.delete(path(slow))
    const mark = bed.audit.mark()
    await change({ metadata: { annotations: { 'edge-net.io/nodes': '2' } }, spec: { replicas: 2 } })
    await caughtUp(bed)
    t.strictSame(words(changesSince(bed, mark).filter(isNewReport)), [])
    await change({ metadata: { finalizers: null } })
    await until(isGone(bed, pathOf(slow)), { what: 'the workload to go' })
  })

  await t.test('a namespace that goes', async (t) => {
    const mark = bed.audit.mark()
    await bed.admin.delete(pathTo('namespaces', { name: NAMESPACE }))
    const gone = isGone(bed, pathTo('namespaces', { name: NAMESPACE }))
    await until(gone, { what: 'the namespace to go', timeoutMs: 40_000 })
    const made = changesSince(bed, mark).filter(isNewReport)
    t.ok(made.length < 10, `at most one attempt for each workload: ${words(made)}`)
  })
}
