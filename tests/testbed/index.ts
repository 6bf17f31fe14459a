import { OpenBed, type Testbed } from './bed.ts'
import { type Binaries, findBinaries } from './binaries.ts'
import { COMPONENTS, type ComponentName, processSpecs } from './components.ts'
import { choosePorts, makeFolder, writeLayout } from './layout.ts'
import { type NodeRow, worldNodes } from './noderow.ts'
import { type BedState, writeState } from './state.ts'
import { until } from './until.ts'
import { startWatchdog } from './watchdog.ts'

export type { AuditEvent, AuditPosition } from './audit.ts'
export type { Testbed } from './bed.ts'
export type { ComponentName } from './components.ts'
export type { KubectlOptions, KubectlResult } from './kubectl.ts'
export { type NodeRow, readNodes, worldNodes } from './noderow.ts'
export type { Control } from './process.ts'
export { until } from './until.ts'

export interface TestbedOptions {
  /** Default: `world`, or `none` without kwok. */
  readonly nodes?: readonly NodeRow[] | 'world' | 'none'
  /** Seconds from binding to Running. Default 0.2; a realistic one is 3. */
  readonly podStart?: number
  /** Seconds from deletion to its end. Default 0.2; a realistic one is 2. */
  readonly podStop?: number
  /** leaseDurationSeconds of the nodes' leases. Default 40, as kubelet's. */
  readonly leaseSeconds?: number
  /** Default true. */
  readonly audit?: boolean
  /** Give fake nodes their geographic labels from the beginning. Default false: EdgeNet does. */
  readonly label?: boolean
  /** A new or empty folder, removed in the end. Default: one in the machine's temporary folder. */
  readonly dir?: string
  /** What to run: etcd and kube-apiserver always, default all. */
  readonly components?: readonly ComponentName[]
  readonly apiserverFlags?: readonly string[]
  /** Further flags of any component. */
  readonly flags?: Partial<Record<ComponentName, readonly string[]>>
}

/** Another process can take a port between our look and the component's start. */
const ATTEMPTS = 3
const PORT_TAKEN = /address already in use/

/** Writes the files of a new bed and says how its components are started. */
async function plan(dir: string, binaries: Binaries, options: TestbedOptions): Promise<BedState> {
  const { apiserverFlags = [], flags = {} } = options
  const { podStart = 0.2, podStop = 0.2, leaseSeconds = 40, audit = true } = options
  const ports = await choosePorts()
  const behaviour = { podStart, podStop, leaseSeconds }
  const layout = writeLayout({ dir, ports, binaries, behaviour, audit })
  const apiserver = [...apiserverFlags, ...(flags['kube-apiserver'] ?? [])]
  const components = processSpecs(layout, { ...flags, 'kube-apiserver': apiserver })
  const url = `https://127.0.0.1:${ports['kube-apiserver']}`
  return { dir, url, kubectl: binaries.kubectl, label: options.label ?? false, components }
}

/** No pod can be made before the controller-manager has made this. */
async function defaultServiceAccount(bed: Testbed): Promise<void> {
  const path = '/api/v1/namespaces/default/serviceaccounts/default'
  await until(() => bed.admin.get(path), { what: 'the default ServiceAccount', everyMs: 50 })
}

/** Starts all components, as much as possible at the same time, and fills the cluster. */
async function run(bed: Testbed, options: TestbedOptions): Promise<void> {
  const { components = COMPONENTS } = options
  const { nodes = components.includes('kwok') ? 'world' : 'none' } = options
  const rows = nodes === 'world' ? worldNodes() : nodes === 'none' ? [] : nodes
  const managed = components.includes('kube-controller-manager')
  const start = (names: readonly ComponentName[]) => {
    const wanted = names.filter((name) => components.includes(name))
    return Promise.all(wanted.map((name) => bed.component(name).start()))
  }
  await start(['etcd', 'kube-apiserver'])
  await Promise.all([
    // Before the API server is ready its clients would fail and back off.
    start(['kube-controller-manager', 'kube-scheduler', 'kwok']),
    managed ? defaultServiceAccount(bed) : undefined,
    bed.nodes.prepare(),
    bed.nodes.add(rows),
  ])
}

async function startOnce(binaries: Binaries, options: TestbedOptions): Promise<Testbed> {
  const dir = makeFolder(options.dir)
  const watchdog = startWatchdog(dir)
  try {
    const state = await plan(dir, binaries, options)
    const bed = new OpenBed(state, () => watchdog.stop())
    await run(bed, options)
    writeState(state)
    return bed
  } catch (error) {
    await watchdog.stop()
    throw error
  }
}

/**
 * Starts a control plane of its own and resolves when it can be used: the API answers, the default
 * ServiceAccount stands, the fake nodes are Ready. Programs are built first if that was never done.
 * However this process ends, the bed ends with it and leaves nothing behind.
 */
export async function startTestbed(options: TestbedOptions = {}): Promise<Testbed> {
  const binaries = await findBinaries()
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(binaries, options)
    } catch (error) {
      const clash = error instanceof Error && PORT_TAKEN.test(error.message)
      if (!clash || attempt === ATTEMPTS) throw error
    }
  }
}
