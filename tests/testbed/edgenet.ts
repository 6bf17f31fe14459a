/**
 * Runs EdgeNet's processes on this machine against any cluster: installs the chart for processes
 * outside of the cluster, and starts the webhooks and controllers with the tokens of the chart's own
 * ServiceAccounts, so that RBAC and policies hold as they will in a cluster.
 */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { KubeObject } from '../../core/admission/types.ts'
import { MARKER, PREFIX } from '../../core/placement/labels.ts'
import { isStatus, KubeClient } from '../../platform/kube/client.ts'
import { loadConnection } from '../../platform/kube/config.ts'
import type { Connection } from '../../platform/kube/connection.ts'
import { pathTo } from '../../platform/kube/paths.ts'
import { helm } from './helm.ts'
import { Pki } from './pki.ts'
import { freePorts } from './ports.ts'
import { type Control, ManagedProcess, type ProcessSpec } from './process.ts'
import { serviceAccountToken, writeTokenKubeconfig } from './tokens.ts'
import { until } from './until.ts'
import { startWatchdog } from './watchdog.ts'

export const RELEASE = 'edgenet'
export const NAMESPACE = 'edgenet-system'
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
export const CHART = join(ROOT, 'charts', 'edgenet')

export interface EdgenetOptions {
  /** An administrator's. */
  readonly kubeconfig: string
  /** A new folder for certificates, tokens and logs is made in this one, and removed in the end. */
  readonly dir?: string
  readonly log?: (line: string) => void
  /** Values of the chart. How the webhooks are reached is set here whatever they say. */
  readonly helmValues?: Readonly<Record<string, unknown>>
  /**
   * Address by which the API server reaches this machine. The default is right for the test bed only;
   * for a cluster in containers (kind, k3d) it is the address of their network's gateway, and for a
   * cluster elsewhere there must be a way back to this machine.
   */
  readonly host?: string
  /** MaxMind databases (paths) by which nodes are located from their addresses. */
  readonly geoDatabases?: readonly string[]
  /** Further environment variables of both processes. */
  readonly settings?: Readonly<Record<string, string>>
  /** Programs to run instead of this repository's sources, for example the bundled ones. */
  readonly programs?: { readonly webhooks: string; readonly controllers: string }
}

export interface EdgenetHandle {
  readonly dir: string
  readonly webhooks: Control
  readonly controllers: Control
  readonly urls: {
    /** Of the hooks, as the API server calls them. */
    readonly webhooks: string
    /** Plain HTTP: /livez, /readyz, /metrics. */
    readonly webhooksOps: string
    readonly controllersOps: string
  }
  /** Log files of both processes. */
  readonly logs: { readonly webhooks: string; readonly controllers: string }
  /** Ends both processes and removes the folder; the chart stays in the cluster unless asked. */
  stop(options?: { readonly uninstall?: boolean }): Promise<void>
}

/**
 * Resolves when the API server gets an answer from the webhooks, the controllers are ready and the
 * guard on nodes is in force. The processes end with this one, however it ends.
 *
 * @throws Error with the end of the log when a process does not become ready; nothing is left running.
 */
export async function startEdgenet(options: EdgenetOptions): Promise<EdgenetHandle> {
  const connection = await loadConnection(options.kubeconfig)
  const admin = new KubeClient(connection)
  const dir = makeFolder(options.dir)
  const watchdog = startWatchdog(dir)
  const log = options.log ?? (() => {})
  try {
    const addresses = await chooseAddresses(options.host ?? '127.0.0.1')
    const pki = new Pki(join(dir, 'pki'))
    pki.create()
    await install(options, { dir, url: addresses.urls.webhooks, ca: pki.ca() })
    log(`installed chart ${RELEASE} in namespace ${NAMESPACE}`)
    const setup = { dir, connection, admin, options, pki, ...addresses }
    const webhooks = new ManagedProcess(dir, webhooksSpec(setup, await account(setup, 'webhooks')))
    const controllers = new ManagedProcess(
      dir,
      controllersSpec(setup, await account(setup, 'controllers')),
    )
    await Promise.all([webhooks.start(), controllers.start()])
    log(`webhooks ready at ${addresses.urls.webhooks}, controllers ready`)
    await Promise.all([hooksAnswer(admin, webhooks), guardInForce(admin)])
    log('EdgeNet answers')
    return {
      dir,
      webhooks,
      controllers,
      urls: addresses.urls,
      logs: { webhooks: webhooks.logFile, controllers: controllers.logFile },
      async stop({ uninstall = false } = {}) {
        // While the hooks still answer: the chart takes their configurations away first.
        if (uninstall) await helm(['uninstall', RELEASE, '-n', NAMESPACE], options)
        await Promise.all([webhooks.stop(), controllers.stop()])
        admin.close()
        await watchdog.stop()
      },
    }
  } catch (error) {
    admin.close()
    await watchdog.stop()
    throw error
  }
}

interface Addresses {
  readonly host: string
  readonly ports: {
    readonly hooks: number
    readonly webhooksOps: number
    readonly controllersOps: number
  }
  readonly urls: EdgenetHandle['urls']
}

interface Setup extends Addresses {
  readonly dir: string
  readonly connection: Connection
  readonly admin: KubeClient
  readonly options: EdgenetOptions
  readonly pki: Pki
}

function makeFolder(parent: string | undefined): string {
  if (parent !== undefined) mkdirSync(parent, { recursive: true })
  const dir = mkdtempSync(join(parent ?? tmpdir(), 'edgenet-'))
  for (const name of ['run', 'log']) mkdirSync(join(dir, name))
  return dir
}

async function chooseAddresses(host: string): Promise<Addresses> {
  const [hooks = 0, webhooksOps = 0, controllersOps = 0] = await freePorts(3)
  const authority = host.includes(':') ? `[${host}]` : host
  const urls = {
    webhooks: `https://${authority}:${hooks}`,
    webhooksOps: `http://127.0.0.1:${webhooksOps}`,
    controllersOps: `http://127.0.0.1:${controllersOps}`,
  }
  return { host, ports: { hooks, webhooksOps, controllersOps }, urls }
}

interface Endpoint {
  readonly dir: string
  readonly url: string
  /** PEM. */
  readonly ca: string
}

async function install(options: EdgenetOptions, { dir, url, ca }: Endpoint): Promise<void> {
  const given = join(dir, 'values.json')
  const ours = join(dir, 'values-external.json')
  const caBundle = Buffer.from(ca).toString('base64')
  writeFileSync(given, JSON.stringify(options.helmValues ?? {}))
  writeFileSync(ours, JSON.stringify({ external: { enabled: true }, webhooks: { url, caBundle } }))
  const target = [RELEASE, CHART, '--namespace', NAMESPACE, '--create-namespace']
  await helm(['upgrade', '--install', ...target, '--values', given, '--values', ours], options)
}

/** Path of the kubeconfig of one of the chart's ServiceAccounts. */
async function account(
  { admin, connection, dir }: Setup,
  name: 'webhooks' | 'controllers',
): Promise<string> {
  const path = join(dir, `${name}.kubeconfig`)
  const token = await serviceAccountToken(admin, NAMESPACE, `edgenet-${name}`)
  writeTokenKubeconfig(path, connection, token)
  return path
}

function webhooksSpec({ options, pki, host, ports, urls }: Setup, kubeconfig: string): ProcessSpec {
  const isName = !/^[\d.]+$|:/.test(host)
  const { cert, key } = pki.serving(isName ? { dns: [host] } : { ips: [host] })
  return {
    name: 'webhooks',
    command: process.execPath,
    args: [options.programs?.webhooks ?? join(ROOT, 'webhooks', 'main.ts')],
    env: {
      EDGENET_KUBECONFIG: kubeconfig,
      EDGENET_NAMESPACE: NAMESPACE,
      EDGENET_HOOK_PORT: String(ports.hooks),
      EDGENET_OPS_PORT: String(ports.webhooksOps),
      EDGENET_CERT: cert,
      EDGENET_KEY: key,
      ...processEnv(options),
    },
    ready: { url: `${urls.webhooksOps}/readyz` },
  }
}

function controllersSpec({ options, ports, urls }: Setup, kubeconfig: string): ProcessSpec {
  const areas = options.helmValues?.['geoAreas'] as { readonly eu?: boolean } | undefined
  return {
    name: 'controllers',
    command: process.execPath,
    args: [options.programs?.controllers ?? join(ROOT, 'controllers', 'main.ts')],
    env: {
      EDGENET_KUBECONFIG: kubeconfig,
      EDGENET_NAMESPACE: NAMESPACE,
      EDGENET_OPS_PORT: String(ports.controllersOps),
      EDGENET_BUILT_IN_AREAS: areas?.eu === false ? '' : 'eu',
      EDGENET_GEO_DATABASES: options.geoDatabases?.join(',') ?? '',
      ...processEnv(options),
    },
    ready: { url: `${urls.controllersOps}/readyz` },
  }
}

/** Of both processes. Nobody else's requests are sent on to another replica: they need not drain. */
const processEnv = ({ host, settings }: EdgenetOptions): Record<string, string> => ({
  EDGENET_DRAIN_SECONDS: '0',
  ...(host === undefined ? { EDGENET_HOST: '127.0.0.1' } : {}),
  ...settings,
})

/** A dry run of a workload that only the placement hook can have completed. */
async function hooksAnswer(admin: KubeClient, webhooks: ManagedProcess): Promise<void> {
  const labels = { app: 'edgenet-probe' }
  const probe = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'edgenet-probe', annotations: { [`${PREFIX}country`]: 'FR' } },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'none' }] } },
    },
  }
  const path = pathTo('deployments', { namespace: 'default' })
  const injected = async () => {
    const answer = await admin.create<TemplateObject>(path, probe, { dryRun: 'All' })
    return Object.hasOwn(answer.spec?.template?.metadata?.annotations ?? {}, MARKER)
  }
  try {
    await until(injected, { what: 'the API server to get an answer from the placement hook' })
  } catch (error) {
    throw new Error(`${(error as Error).message}; the webhooks' log: ${webhooks.logTail()}`)
  }
}

interface TemplateObject extends KubeObject {
  readonly spec?: {
    readonly template?: { readonly metadata?: { readonly annotations?: Record<string, string> } }
  }
}

/** Policies take effect a moment after they are stored. */
async function guardInForce(admin: KubeClient): Promise<void> {
  const metadata = { name: 'edgenet-probe', labels: { [`${PREFIX}country-iso`]: 'FR' } }
  const refused = async () => {
    try {
      await admin.create(
        pathTo('nodes'),
        { apiVersion: 'v1', kind: 'Node', metadata },
        { dryRun: 'All' },
      )
      return false
    } catch (error) {
      if (isStatus(error, 403)) return true
      throw error
    }
  }
  await until(refused, { what: 'the guard on nodes to be in force' })
}
