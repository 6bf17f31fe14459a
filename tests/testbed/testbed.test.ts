import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type {
  V1DaemonSet,
  V1Deployment,
  V1Job,
  V1Lease,
  V1Node,
  V1PodList,
} from '@kubernetes/client-node'
import t from 'tap'
import { ApiError, isStatus } from '../../platform/kube/client.ts'
import { startTestbed, type Testbed, until } from './index.ts'

/** Short leases make failures visible soon: they are renewed each second. */
const bed = await startTestbed({ leaseSeconds: 4 })
t.setTimeout(180_000)
t.teardown(() => bed.stop())

const APPS = '/apis/apps/v1/namespaces/default'
const PODS = '/api/v1/namespaces/default/pods'
const POD = { containers: [{ name: 'c', image: 'none' }], terminationGracePeriodSeconds: 5 }

const node = (name: string): Promise<V1Node> => bed.admin.get<V1Node>(`/api/v1/nodes/${name}`)

function workload(kind: string, name: string, spec: object): object {
  const labels = { app: name }
  const template = { metadata: { labels }, spec: POD }
  const selector = { matchLabels: labels }
  return { apiVersion: 'apps/v1', kind, metadata: { name }, spec: { selector, template, ...spec } }
}

function pod(name: string, nodeName: string): object {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { ...POD, nodeName } }
}

async function podsOf(app: string): Promise<V1PodList['items']> {
  const list = await bed.admin.get<V1PodList>(PODS, { labelSelector: `app=${app}` })
  return list.items
}

async function phase(name: string): Promise<string | undefined> {
  const found = await bed.admin.get<V1PodList['items'][number]>(`${PODS}/${name}`)
  return found.status?.phase
}

async function isGone(path: string): Promise<boolean> {
  try {
    await bed.admin.get(path)
    return false
  } catch (error) {
    return isStatus(error, 404)
  }
}

/** The HTTP status that a call is refused with; undefined if it is not. */
async function refusal(call: Promise<unknown>): Promise<number | undefined> {
  try {
    await call
    return undefined
  } catch (error) {
    if (error instanceof ApiError) return error.status
    throw error
  }
}

async function renewed(name: string): Promise<string> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${name}`
  return String((await bed.admin.get<V1Lease>(path)).spec?.renewTime)
}

/** Passes when the lease of a node that works has been renewed `times` times: time as the bed sees it. */
async function renewals(name: string, times: number): Promise<void> {
  for (let n = 0; n < times; n++) {
    const before = await renewed(name)
    await until(async () => (await renewed(name)) !== before, { what: `a renewal of ${name}` })
  }
}

/** Pids of processes that belong to the bed of this folder. */
function processesOf(dir: string): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`EDGENET_BED=${dir}`)
    } catch {
      return false
    }
  })
}

const nothingLeft = (dir: string) =>
  until(() => processesOf(dir).length === 0 && !existsSync(dir), {
    what: `nothing to be left of ${dir}`,
    timeoutMs: 15_000,
  })

t.test('a started bed is ready to be used', async (t) => {
  const account = await bed.admin.get('/api/v1/namespaces/default/serviceaccounts/default')
  t.equal(account.metadata.name, 'default')
  const nodes = await bed.nodes.list()
  t.ok(nodes.length >= 40)
  for (const { metadata, status, spec } of nodes) {
    const ready = status?.conditions?.find(({ type }) => type === 'Ready')
    t.equal(ready?.status, 'True', `${metadata?.name} is ready`)
    t.equal(spec?.taints?.length ?? 0, 0, `${metadata?.name} has no taints`)
  }
  const paris = await node('fr-paris-1')
  t.strictSame(JSON.parse(paris.metadata?.annotations?.['edge-net.io/location'] ?? ''), {
    ...{ lat: 48.8566, lon: 2.3522, country: 'FR', state: 'IDF', city: 'Paris', continent: 'EU' },
  })
  t.notOk(Object.keys(paris.metadata?.labels ?? {}).some((key) => key.startsWith('edge-net.io/')))
  t.match(paris.status?.addresses, [
    { type: 'InternalIP', address: /^172\.(1[6-9]|2\d|3[01])\./ },
    { type: 'Hostname', address: 'fr-paris-1' },
    { type: 'ExternalIP', address: '203.0.113.1' },
  ])
  t.match(paris.status?.allocatable, { cpu: '4', memory: '8Gi', pods: '110' })
  const nowhere = await node('unlocated-1')
  t.notOk(nowhere.metadata?.annotations?.['edge-net.io/location'])
})

t.test('a Deployment runs and goes', async (t) => {
  const path = `${APPS}/deployments/web`
  await bed.admin.create(`${APPS}/deployments`, workload('Deployment', 'web', { replicas: 3 }))
  const ready = async () =>
    (await bed.admin.get<V1Deployment>(path)).status?.availableReplicas === 3
  await until(ready, { what: 'three pods to be available' })
  for (const { status } of await podsOf('web')) {
    t.match(status?.podIP, /^10\.(12[89]|1[3-9]\d|2\d\d)\./)
    t.match(status?.hostIP, /^172\./)
  }
  await bed.admin.delete(path, { propagationPolicy: 'Background' })
  await until(async () => (await podsOf('web')).length === 0, { what: 'the pods to be gone' })
  t.pass()
})

t.test('a DaemonSet runs on every node', async (t) => {
  const path = `${APPS}/daemonsets/everywhere`
  await bed.admin.create(`${APPS}/daemonsets`, workload('DaemonSet', 'everywhere', {}))
  const count = (await bed.nodes.list()).length
  const ready = async () => (await bed.admin.get<V1DaemonSet>(path)).status?.numberReady === count
  await until(ready, { what: `${count} pods to be ready` })
  await bed.admin.delete(path, { propagationPolicy: 'Foreground' })
  await until(() => isGone(path), { what: 'the DaemonSet to be gone' })
  t.equal((await podsOf('everywhere')).length, 0)
})

t.test('a Job completes only if its pods are told to', async (t) => {
  const jobs = '/apis/batch/v1/namespaces/default/jobs'
  const create = (name: string, annotations: object) =>
    bed.admin.create(jobs, {
      ...{ apiVersion: 'batch/v1', kind: 'Job', metadata: { name } },
      spec: { template: { metadata: { annotations }, spec: { ...POD, restartPolicy: 'Never' } } },
    })
  await create('short', { 'testbed/complete-after': '300ms' })
  await create('long', {})
  const job = (name: string) => bed.admin.get<V1Job>(`${jobs}/${name}`)
  await until(async () => (await job('short')).status?.completionTime, { what: 'the job to end' })
  await until(async () => (await job('long')).status?.ready === 1, { what: 'the other to run' })
  t.notOk((await job('long')).status?.completionTime)
  for (const name of ['short', 'long']) {
    await bed.admin.delete(`${jobs}/${name}`, { propagationPolicy: 'Foreground' })
    await until(() => isGone(`${jobs}/${name}`), { what: `job ${name} to be gone` })
  }
})

t.test('a node fails and returns', async (t) => {
  const dead = 'jp-osaka-1'
  const alive = 'jp-tokyo-1'
  await bed.admin.create(PODS, pod('victim', dead))
  await until(async () => (await phase('victim')) === 'Running', { what: 'the pod to run' })
  // As anybody would do it from outside.
  const annotate = ['annotate', 'node', dead, '--overwrite']
  t.match(await bed.kubectl([...annotate, 'testbed/heartbeat=off']), { code: 0, stderr: '' })
  t.notOk((await node(dead)).metadata?.labels?.['testbed/served'])
  // A renewal may have been under way.
  await renewals(alive, 1)
  const last = await renewed(dead)

  await bed.admin.delete(`${PODS}/victim`)
  await bed.admin.create(PODS, pod('late', dead))
  await bed.admin.create(PODS, pod('other', alive))
  await until(async () => (await phase('other')) === 'Running', { what: 'the other pod to run' })
  await renewals(alive, 3)
  t.equal(await renewed(dead), last, 'its lease is not renewed')
  t.equal(await phase('late'), 'Pending', 'its pods do not start')
  t.equal(await phase('victim'), 'Running', 'its pods do not end')

  // Absence means on.
  t.match(await bed.kubectl([...annotate, 'testbed/heartbeat-']), { code: 0 })
  await until(async () => (await renewed(dead)) !== last, { what: 'the lease to be renewed' })
  await until(async () => (await phase('late')) === 'Running', { what: 'the late pod to run' })
  await until(() => isGone(`${PODS}/victim`), { what: 'the pod to end' })
  for (const name of ['late', 'other']) await bed.admin.delete(`${PODS}/${name}`)
})

t.test('work that was under way when the node failed is not finished', async (t) => {
  const dead = 'kr-seoul-1'
  await bed.admin.create(PODS, pod('ending', dead))
  await until(async () => (await phase('ending')) === 'Running', { what: 'the pod to run' })
  // Both delays (0.2 s) have begun when the node fails.
  await Promise.all([
    bed.admin.create(PODS, pod('starting', dead)),
    bed.admin.delete(`${PODS}/ending`),
  ])
  await bed.nodes.heartbeat(dead, 'off')
  await renewals('jp-tokyo-1', 2)
  t.equal(await phase('starting'), 'Pending')
  t.equal(await phase('ending'), 'Running')
  await bed.nodes.heartbeat(dead, 'on')
  await until(() => isGone(`${PODS}/ending`), { what: 'the pod to end' })
  await until(async () => (await phase('starting')) === 'Running', { what: 'the pod to start' })
  await bed.admin.delete(`${PODS}/starting`)
})

t.test('nodes come and go', async (t) => {
  await bed.nodes.add([
    { name: 'big', allocatable: { cpu: '64', memory: '256Gi', pods: '500' }, labels: { a: 'b' } },
  ])
  const big = await node('big')
  t.match(big.status?.allocatable, { cpu: '64', memory: '256Gi', pods: '500' })
  t.equal(big.metadata?.labels?.['a'], 'b')
  await bed.nodes.remove('big')
  await bed.nodes.remove('big')
  t.ok(await isGone('/api/v1/nodes/big'))
})

t.test('users have the rights of their names and groups', async (t) => {
  const alice = bed.clientFor('alice@example.org', ['team-a'])
  t.equal(await refusal(alice.get('/api/v1/nodes')), 403)
  t.equal(await refusal(alice.get(PODS)), 403)
  const review = await alice.create<{ status: { userInfo: object } }>(
    '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  )
  t.match(review.status.userInfo, {
    username: 'alice@example.org',
    groups: ['team-a', 'system:authenticated'],
  })
  const as = bed.kubeconfigFor('alice@example.org', ['team-a'])
  const denied = await bed.kubectl(['get', 'nodes'], { as })
  t.equal(denied.code, 1)
  t.match(denied.stderr, /Forbidden.*alice@example\.org/)

  const kubelet = bed.clientFor('system:node:us-dallas-1', ['system:nodes'])
  const own = '/api/v1/nodes/us-dallas-1'
  const label = (key: string) => ({ metadata: { labels: { [key]: 'x' } } })
  t.ok(await kubelet.patch(own, label('example.org/a'), 'merge'))
  const restricted = label('a.node-restriction.kubernetes.io/b')
  t.equal(await refusal(kubelet.patch(own, restricted, 'merge')), 403)
  const other = kubelet.patch('/api/v1/nodes/us-seattle-1', label('example.org/a'), 'merge')
  t.equal(await refusal(other), 403)
})

t.test('the audit log tells who did what', async (t) => {
  const mark = bed.audit.mark()
  const bob = bed.clientFor('bob')
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'seen' } }
  const path = '/api/v1/namespaces/default/configmaps'
  await bed.admin.create(path, configMap, { dryRun: 'All' })
  await bed.admin.create(path, configMap)
  t.equal(await refusal(bob.delete(`${path}/seen`)), 403)
  const mine = () =>
    bed.audit
      .since(mark)
      .filter(({ resource }) => resource === 'configmaps')
      .slice(-3)
  await until(() => mine().length === 3, { what: 'three events' })
  const where = { resource: 'configmaps', group: '', namespace: 'default' }
  t.match(mine(), [
    { ...where, user: 'admin', verb: 'create', name: 'seen', code: 201, dryRun: true },
    { ...where, user: 'admin', verb: 'create', name: 'seen', code: 201, dryRun: false },
    { ...where, user: 'bob', verb: 'delete', name: 'seen', code: 403 },
  ])
  t.strictSame(bed.audit.since(bed.audit.mark()), [])
  const leases = bed.audit.since(0).filter(({ resource }) => resource === 'leases')
  t.notOk(leases.some(({ namespace }) => namespace === 'kube-node-lease'))
})

t.test('components stop, pause and return', async (t) => {
  const path = '/api/v1/namespaces/default/configmaps'
  const write = (name: string) =>
    bed.admin.create(
      path,
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } },
      {},
      {
        timeoutMs: 1500,
      },
    )
  for (const name of ['etcd', 'kube-apiserver'] as const) {
    await bed.component(name).pause()
    await t.rejects(write(`paused-${name}`), `${name} paused: no answer`)
    await bed.component(name).resume()
    await until(() => write(`resumed-${name}`), { what: `${name} to answer again` })
  }
  const manager = bed.component('kube-controller-manager')
  await manager.kill()
  t.equal(manager.pid(), undefined)
  await bed.admin.create(`${APPS}/deployments`, workload('Deployment', 'later', { replicas: 1 }))
  const scheduler = bed.component('kube-scheduler')
  const before = scheduler.pid()
  await scheduler.restart()
  t.not(scheduler.pid(), before)
  t.equal((await podsOf('later')).length, 0, 'nobody makes pods')
  await manager.start()
  const running = async () => (await podsOf('later'))[0]?.status?.phase === 'Running'
  await until(running, { what: 'the pod to run once the controller-manager is back' })

  // The API server of a bed that has been stopped keeps its address and its data.
  const server = bed.component('kube-apiserver')
  await server.stop()
  await t.rejects(write('stopped'))
  await server.start()
  t.ok(await bed.admin.get(`${APPS}/deployments/later`))
  await bed.admin.delete(`${APPS}/deployments/later`)
})

t.test('another process attaches', async (t) => {
  const code = `
    import { sharedTestbed } from '${import.meta.dirname}/shared.ts'
    const bed = await sharedTestbed()
    const before = bed.component('kwok').pid()
    await bed.component('kwok').restart()
    const nodes = await bed.clientFor('attached', ['system:masters']).listAll('/api/v1/nodes')
    console.log(JSON.stringify({ dir: bed.dir, before, after: bed.component('kwok').pid(), nodes: nodes.length }))
    await bed.stop()`
  const before = bed.component('kwok').pid()
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', code], {
    env: { ...process.env, EDGENET_TESTBED: bed.stateFile },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(createInterface(child.stdout), 'line')
  await once(child, 'close')
  const said = JSON.parse(line)
  t.match(said, { dir: bed.dir, before, nodes: (await bed.nodes.list()).length })
  t.not(said.after, before)
  t.equal(bed.component('kwok').pid(), said.after, 'what it started outlives it')
})

/** Starts a script that prints one line when its bed is ready. */
async function ownerOf(
  args: string[],
  input = '',
): Promise<{ child: ReturnType<typeof spawn>; lines: string[] }> {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.end(input)
  const lines: string[] = []
  let log = ''
  child.stderr.on('data', (chunk) => {
    log += chunk
  })
  const reader = createInterface(child.stdout).on('line', (line) => lines.push(line))
  await Promise.race([once(reader, 'line'), once(child, 'close')])
  if (lines.length === 0) throw new Error(`the owner has ended: ${log}`)
  return { child, lines }
}

t.test(
  'npm run cluster: one line, side by side with another bed, Ctrl-C removes all',
  async (t) => {
    const folder = t.testdir({ 'nodes.csv': 'name,lat,lon,country\nx,48.9,2.3,FR\ny,,,\n' })
    const args = ['--no-edgenet', '--nodes', join(folder, 'nodes.csv'), '--lease', '8']
    const { child, lines } = await ownerOf([join(import.meta.dirname, 'cluster.ts'), ...args])
    const kubeconfig = lines[0]?.replace(/^KUBECONFIG=/, '') ?? ''
    t.ok(existsSync(kubeconfig), kubeconfig)
    const there = await bed.kubectl(['get', 'nodes', '-o', 'json'], { as: kubeconfig })
    const names = (JSON.parse(there.stdout).items as V1Node[]).map(({ metadata }) => metadata)
    t.match(names, [
      { name: 'x', labels: { 'edge-net.io/country-iso': 'FR', 'edge-net.io/lat': 'n48.900000' } },
      { name: 'y' },
    ])
    t.ok((await bed.nodes.list()).length >= 40, 'the other bed is another one')
    child.kill('SIGINT')
    const [code] = await once(child, 'close')
    t.equal(code, 0)
    t.strictSame(lines, [`KUBECONFIG=${kubeconfig}`])
    const dir = join(kubeconfig, '..')
    t.notOk(existsSync(dir), 'the folder is gone when it ends')
    t.strictSame(processesOf(dir), [])
  },
)

t.test('nothing is left when the owner is killed', async (t) => {
  const code = `
    import { startTestbed } from '${import.meta.dirname}/index.ts'
    const bed = await startTestbed({ components: ['etcd', 'kube-apiserver'] })
    console.log(bed.dir)
    setInterval(() => {}, 1000)`
  const { child, lines } = await ownerOf(['--input-type=module-typescript', '-e', code])
  const dir = lines[0] ?? ''
  t.equal(processesOf(dir).length, 2)
  child.kill('SIGKILL')
  await once(child, 'close')
  t.ok(await nothingLeft(dir))
})

t.test('nothing is left, however the owner ends', async (t) => {
  const ends: Record<string, string> = {
    'return from main': '',
    'process.exit': 'process.exit(3)',
    'uncaught exception': 'setTimeout(() => { throw new Error("expected") })',
    'unhandled rejection': 'Promise.reject(new Error("expected"))',
    SIGINT: 'process.kill(process.pid, "SIGINT"); setInterval(() => {}, 1000)',
    SIGTERM: 'process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000)',
    SIGKILL: 'process.kill(process.pid, "SIGKILL"); setInterval(() => {}, 1000)',
  }
  for (const [name, end] of Object.entries(ends)) {
    const dir = t.testdir({ run: {}, log: {}, file: 'x' })
    const code = `
      import { startWatchdog } from '${import.meta.dirname}/watchdog.ts'
      import { ManagedProcess } from '${import.meta.dirname}/process.ts'
      startWatchdog(${JSON.stringify(dir)})
      const sleeper = new ManagedProcess(${JSON.stringify(dir)}, {
        name: 'sleeper', command: 'sh', args: ['-c', 'sleep 1000 & sleep 1000 & wait'],
      })
      await sleeper.start()
      await sleeper.pause()
      console.log('ready')
      ${end}`
    const { child } = await ownerOf(['--input-type=module-typescript', '-e', code])
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
    t.ok(await nothingLeft(dir), name)
  }
})

t.test('a folder that holds something is refused', async (t) => {
  const dir = t.testdir({ precious: 'x' })
  await t.rejects(startTestbed({ dir, nodes: 'none' }), { message: /not empty/ })
  t.ok(existsSync(join(dir, 'precious')))
})

t.test('a bed that cannot start says why and leaves nothing', async (t) => {
  const dir = join(t.testdir(), 'bed')
  const broken: Promise<Testbed> = startTestbed({ dir, apiserverFlags: ['--no-such-flag'] })
  await t.rejects(broken, { message: /kube-apiserver has ended.*no-such-flag/s })
  t.notOk(existsSync(dir))
})
