/** Without the webhooks or the controllers: nothing lands where it must not, and what runs goes on. */
import type { Test } from 'tap'
import type { KubeObject } from '../../../core/admission/types.ts'
import type { PlacementStatus } from '../../../core/placement/report/report.ts'
import { pathTo } from '../../../platform/kube/paths.ts'
import { until } from '../../testbed/index.ts'
import {
  apply,
  type Cloud,
  create,
  namespaces,
  nodesOf,
  podsOf,
  whenReported,
  whenRunning,
  whenWaiting,
  workload,
} from '../support.ts'
import { both, inBox, named, not, polygonOf, rowsOf, within } from './world.ts'

const NAMESPACE = 'outages'
const CONTROLLERS = 'system:serviceaccount:edgenet-system:edgenet-controllers'
const CONFIGURATION = pathTo('mutatingwebhookconfigurations', { name: 'edgenet' })

export async function outages(t: Test, cloud: Cloud): Promise<void> {
  await namespaces(cloud.bed, NAMESPACE)
  await t.test('controllers restarted: nothing moves, nothing is written', (t) => restart(t, cloud))
  await t.test('no controllers: nobody enters what is excluded', (t) => excluded(t, cloud))
  await t.test('no webhooks: refused, and what runs goes on', (t) => noWebhooks(t, cloud))
}

/** With everything that the tests before have left running. */
async function restart(t: Test, { bed, edgenet }: Cloud): Promise<void> {
  const probe = (name: string) =>
    workload('StatefulSet', name, { namespace: NAMESPACE, place: { country: 'ES', nodes: '1' } })
  await create(bed, probe('before'))
  await whenReported(bed, probe('before'), ({ ready }) => ready === 1)
  await whenRunning(bed, 'before', 1, NAMESPACE)
  await quiet(bed)
  const [before, where] = [await reports(bed), await placesOfPods(bed)]
  const mark = bed.audit.mark()
  await edgenet.controllers.restart()
  // All that is known at the start comes first, and a probe behind it.
  for (const name of ['first', 'second']) {
    await create(bed, probe(name))
    await whenReported(bed, probe(name), ({ ready }) => ready === 1)
  }
  const after = await reports(bed)
  const writes = writesSince(bed, mark)
  const own = ({ name, uri }: (typeof writes)[number]) =>
    /-(first|second)$/.test(name) || uri.endsWith(`/${NAMESPACE}/placements`)
  const others = writes.filter((each) => each.resource !== 'nodes' && !own(each))
  const words = others.flatMap(({ namespace, name, uri }) => {
    const [was, is] = [before, after].map((all) => all.get(`${namespace}/${name}`))
    return isShort(is) ? [] : [{ uri, was: was?.message, is: is?.message }]
  })
  t.strictSame(words, [])
  const nodeWrites = writes.filter(({ resource }) => resource === 'nodes').map(({ name }) => name)
  t.ok(
    nodeWrites.every((name) => name.startsWith('es-')),
    `of nodes only the probes': ${nodeWrites}`,
  )
  t.ok(nodeWrites.length > 0 && nodeWrites.length <= 2, 'one for each probe')
  t.strictSame(await placesOfPods(bed, where.keys()), where)
}

/** What the controllers have written of what stays: leases and events are made to be written. */
const writesSince = (bed: Cloud['bed'], mark: number) =>
  bed.audit
    .since(mark)
    .filter(({ user, verb }) => user === CONTROLLERS && /create|update|patch|delete/.test(verb))
    .filter(({ code }) => code < 400)
    .filter(({ resource }) => resource !== 'leases' && resource !== 'events')
    // How many nodes are in an area is counted again each minute, whoever restarts.
    .filter(({ resource }) => resource !== 'geoareas')

/** What all Placements (`<namespace>/<name>`) say. */
async function reports(bed: Cloud['bed']): Promise<Map<string, PlacementStatus | undefined>> {
  const all = await bed.admin.listAll<KubeObject & { status?: PlacementStatus }>(
    pathTo('placements'),
  )
  return new Map(
    all.map(({ metadata, status }) => [`${metadata.namespace}/${metadata.name}`, status]),
  )
}

/**
 * Such a report also says what else would help. Among nodes that cannot serve the workload that is
 * only looked at when the workload is, and so at a start.
 */
const isShort = (status: PlacementStatus | undefined): boolean =>
  status?.conditions[0]?.status === 'False'

/** Passes when the controllers have written nothing for a second: reports are gathered for half of it. */
async function quiet(bed: Cloud['bed']): Promise<void> {
  let mark = bed.audit.mark()
  const silent = () => {
    const writes = writesSince(bed, mark)
    mark = bed.audit.mark()
    return writes.length === 0
  }
  let windows = 0
  await until(() => windows++ > 0 && silent(), { what: 'the controllers to rest', everyMs: 1000 })
}

/** Node by uid of each pod of this file, or of those given. */
async function placesOfPods(bed: Cloud['bed'], of?: Iterable<string>) {
  const pods = await bed.admin.listAll<KubeObject & { spec: { nodeName?: string } }>(pathTo('pods'))
  const bound = of === undefined ? pods.filter(({ spec }) => spec.nodeName) : pods
  const places = new Map(
    bound.map(({ metadata, spec }) => [metadata.uid ?? '', spec.nodeName ?? '']),
  )
  if (of === undefined) return places
  return new Map([...of].map((uid) => [uid, places.get(uid) ?? 'gone']))
}

/** docs/adr/0002: exclusion needs evidence. */
async function excluded(t: Test, { bed, edgenet }: Cloud): Promise<void> {
  const alps = { south: 43.5, north: 48, west: 4, east: 12 }
  const object = workload('Pod', 'outside', {
    namespace: NAMESPACE,
    place: { country: 'FR, CH', area: `!${JSON.stringify(polygonOf(alps))}` },
  })
  await edgenet.controllers.stop()
  await create(bed, object)
  await whenWaiting(bed, 'outside', { run: 0, wait: 1 }, NAMESPACE)
  await edgenet.controllers.start()
  const pods = await whenRunning(bed, 'outside', 1, NAMESPACE)
  const allowed = both(within('FR', 'CH'), not(inBox(alps)))
  t.ok(rowsOf(nodesOf(pods)).every(allowed), nodesOf(pods).join())
}

async function noWebhooks(t: Test, { bed, edgenet }: Cloud): Promise<void> {
  const place = { country: 'CA' }
  const right = named('ca-toronto-1')
  const placed = workload('Deployment', 'runs-on', { namespace: NAMESPACE, place })
  await create(bed, placed)
  const before = await whenRunning(bed, 'runs-on', 1, NAMESPACE)
  const comer = workload('DaemonSet', 'late', { namespace: NAMESPACE, place })
  await edgenet.webhooks.stop()
  const called = await apply(bed, comer)
  t.equal(called.code, 1)
  t.match(called.stderr, /failed calling webhook "placement\.edge-net\.io"/)

  const configuration = await bed.admin.get(CONFIGURATION)
  await bed.admin.delete(CONFIGURATION)
  const netHolds = async () => {
    const { code, stderr } = await apply(bed, comer)
    return code === 1 && !stderr.includes('failed calling webhook') && stderr
  }
  const net = await until(netHolds, { what: 'the policy alone to refuse' })
  t.match(
    net,
    /ValidatingAdmissionPolicy 'edgenet-placement-net'.* denied request: DaemonSet late asks for a place/,
  )
  t.match(net, /the EdgeNet webhook did not process this request/)
  const plain = workload('Pod', 'plain', { namespace: NAMESPACE })
  t.equal((await apply(bed, plain)).code, 0, 'who asks for no place is not concerned')

  await replaced(t, bed, before)
  const { resourceVersion: _, uid: __, ...metadata } = configuration.metadata
  await bed.admin.create(pathTo('mutatingwebhookconfigurations'), { ...configuration, metadata })
  await until(async () => (await apply(bed, comer)).stderr.includes('failed calling webhook'), {
    what: 'the configuration to be in force again',
  })
  await replaced(t, bed, await podsOf(bed, 'runs-on', NAMESPACE))
  t.equal((await bed.kubectl(['get', 'daemonset', '-n', NAMESPACE, '-o', 'name'])).stdout, '')

  await edgenet.webhooks.start()
  t.equal((await apply(bed, comer)).code, 0, 'and it is well again')
  const nodes = rowsOf(nodesOf(await whenRunning(bed, 'late', 1, NAMESPACE)))
  t.ok(nodes.every(right))
}

/** A deleted pod of a placed Deployment comes back, in the right place. */
async function replaced(
  t: Test,
  bed: Cloud['bed'],
  [pod]: Awaited<ReturnType<typeof podsOf>>,
): Promise<void> {
  const { name, uid } = pod?.metadata ?? {}
  await bed.admin.delete(pathTo('pods', { namespace: NAMESPACE, name }))
  const back = async () => {
    const [next] = await podsOf(bed, 'runs-on', NAMESPACE)
    return next?.metadata?.uid !== uid && next?.status?.phase === 'Running' && next
  }
  const next = await until(back, { what: 'another pod in its place' })
  t.equal(next.spec?.nodeName, 'ca-toronto-1')
}
