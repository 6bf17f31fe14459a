/** A cluster in which nothing happens but heartbeats. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { pathTo } from '../../../platform/kube/paths.ts'
import { forEachParallel } from '../../../platform/parallel.ts'
import { type Testbed, until } from '../../testbed/index.ts'
import { type Cloud, create, labelled, namespaces, whenReported, workload } from '../support.ts'
import { caughtUp, changesSince, words, writesSince } from './account.ts'

const NAMESPACE = 'steady'

/** Reports are gathered for half a second, GeoAreas counted each minute: 30 s see all but the latter. */
const QUIET_MS = 30_000

export async function steady(t: Test, { bed }: Cloud): Promise<void> {
  await namespaces(bed, NAMESPACE)
  const all = [
    workload('Deployment', 'rows', {
      namespace: NAMESPACE,
      place: { placement: '- country: FR\n  nodes: 2\n- country: DE\n  nodes: 1\n' },
      replicas: 3,
    }),
    workload('DaemonSet', 'area', { namespace: NAMESPACE, place: { area: 'eu' } }),
    // Never satisfied: whoever is short must not try again and again.
    workload('StatefulSet', 'short', {
      namespace: NAMESPACE,
      place: { country: 'KE', nodes: '5' },
    }),
  ]
  for (const object of all) await create(bed, object)
  for (const object of all) await whenReported(bed, object, ({ ready }) => ready > 0)
  await until(() => isCounted(bed), { what: 'the number of nodes in the EU', timeoutMs: 70_000 })
  await caughtUp(bed)
  // Counts of events are written 30 s late, reports of what becomes ready half a second.
  await sleep(1_000)
  const before = await leaseTimes(bed)
  const mark = bed.audit.mark()
  await sleep(QUIET_MS / 2)
  // kubelet writes the status of its node from time to time, too.
  const nodes = await bed.nodes.list()
  await forEachParallel(nodes, 10, ({ metadata: { name } }) => heartbeat(bed, name ?? ''))
  await sleep(QUIET_MS / 2)
  t.strictSame(words(changesSince(bed, mark)), [], 'no write but for the leader’s lease')
  t.ok(writesSince(bed, mark).length >= 5, 'which is renewed')
  const after = await leaseTimes(bed)
  const renewed = [...after].filter(([name, time]) => before.get(name) !== time)
  t.ok(renewed.length >= nodes.length, `${renewed.length} nodes renewed their leases meanwhile`)
}

/** A GeoArea says how many nodes are inside, but not at once. */
async function isCounted(bed: Testbed): Promise<boolean> {
  const { spec, status } = (await bed.admin.get(pathTo('geoareas', { name: 'eu' }))) as unknown as {
    readonly spec: { readonly countries: readonly string[] }
    readonly status?: { readonly nodes: number }
  }
  const inside = await labelled(bed, `edge-net.io/country-iso in (${spec.countries.join()})`)
  return status?.nodes === inside.length
}

async function heartbeat(bed: Testbed, name: string): Promise<void> {
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  const conditions = [{ type: 'Ready', lastHeartbeatTime: now }]
  const path = pathTo('nodes', { name, subresource: 'status' })
  await bed.admin.patch(path, { status: { conditions } }, 'strategic')
}

interface Lease {
  readonly metadata: { readonly name: string }
  readonly spec: { readonly renewTime: string }
}

async function leaseTimes(bed: Testbed): Promise<Map<string, string>> {
  const leases = await bed.admin.listAll<Lease>(pathTo('leases', { namespace: 'kube-node-lease' }))
  return new Map(leases.map(({ metadata, spec }) => [metadata.name, spec.renewTime]))
}
