/** What EdgeNet writes, from the API server's audit log. */
import { randomUUID } from 'node:crypto'
import { pathTo } from '../../../platform/kube/paths.ts'
import { NAMESPACE as EDGENET } from '../../testbed/edgenet.ts'
import { type AuditEvent, type AuditPosition, type Testbed, until } from '../../testbed/index.ts'
import { create, workload } from '../support.ts'

const ACCOUNTS = ['webhooks', 'controllers'].map(
  (name) => `system:serviceaccount:${EDGENET}:edgenet-${name}`,
)
const READS: ReadonlySet<string> = new Set(['get', 'list', 'watch'])

/** A namespace whose only workloads are those of `caughtUp`. */
export const BARRIER = 'barrier'

/** All writes of EdgeNet's accounts behind a position, but for those that `caughtUp` provokes. */
export function writesSince(bed: Testbed, mark: AuditPosition): AuditEvent[] {
  return bed.audit
    .since(mark)
    .filter(({ user, verb }) => ACCOUNTS.includes(user) && !READS.has(verb))
    .filter(({ namespace }) => namespace !== BARRIER)
}

const isLease = ({ resource, verb }: AuditEvent) => resource === 'leases' && verb !== 'delete'

/** The same without the renewals of the leader's lease. */
export const changesSince = (bed: Testbed, mark: AuditPosition): AuditEvent[] =>
  writesSince(bed, mark).filter((event) => !isLease(event))

/** Names of the nodes that EdgeNet wrote behind a position, one for each write, sorted. */
export const nodeWrites = (bed: Testbed, mark: AuditPosition): string[] =>
  writesSince(bed, mark)
    .filter(({ resource }) => resource === 'nodes')
    .map(({ name }) => name)
    .sort()

/** In words, for messages of failed assertions. */
export const words = (events: readonly AuditEvent[]): string[] =>
  events.map(({ verb, uri, code }) => `${verb} ${uri} ${code}`)

/**
 * Resolves when EdgeNet has dealt with all that was stored before: a workload that is stored now has
 * been reported on (the report is the last that is written of a workload), and its report is in the log.
 */
export async function caughtUp(bed: Testbed): Promise<void> {
  const name = `barrier-${randomUUID().slice(0, 8)}`
  const object = workload('Deployment', name, {
    namespace: BARRIER,
    place: { country: 'FR' },
    replicas: 0,
  })
  const mark = bed.audit.mark()
  await create(bed, object)
  const uri = pathTo('placements', {
    namespace: BARRIER,
    name: `deployment-${name}`,
    subresource: 'status',
  })
  await until(() => bed.audit.since(mark).some((event) => event.uri.split('?')[0] === uri), {
    what: 'EdgeNet to catch up',
    everyMs: 50,
  })
}

/** Nodes written by EdgeNet from before `act` until it has dealt with what that did. */
export async function nodeWritesOf(bed: Testbed, act: () => Promise<unknown>): Promise<string[]> {
  await caughtUp(bed)
  const mark = bed.audit.mark()
  await act()
  await caughtUp(bed)
  return nodeWrites(bed, mark)
}
