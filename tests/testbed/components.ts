import type { Binaries } from './binaries.ts'
import type { CertificateFiles, Pki } from './pki.ts'
import type { ProcessSpec } from './process.ts'

/** What a bed runs, in the order of their dependencies. */
export const COMPONENTS = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kwok',
] as const
export type ComponentName = (typeof COMPONENTS)[number]

/** Everything that the command lines depend on. Paths are absolute; all listen on 127.0.0.1. */
export interface Layout {
  readonly dir: string
  readonly binaries: Binaries
  readonly pki: Pki
  readonly serving: CertificateFiles
  readonly ports: Readonly<Record<ComponentName | 'etcd-peer', number>>
  /** Absent: no audit log. */
  readonly audit?: { readonly policy: string; readonly log: string } | undefined
  /** Kubeconfigs of the components that are clients of the API server. */
  readonly kubeconfigs: Readonly<Record<string, string>>
  readonly kwokConfig: string
}

/** The API server waits for its clients' watches to end, and etcd for the API server: nobody needs that. */
const STOP_MS = 2000

/** Services get their addresses here, pods and fake nodes elsewhere (stages.ts, fakenode.ts). */
export const SERVICE_RANGE = '10.96.0.0/16'
export const SERVICE_IP = '10.96.0.1'

/**
 * One member elects itself after an election timeout: 100 ms instead of 1 s. Nothing is synced to
 * disk, since a bed does not outlive its machine.
 */
function etcd({ dir, binaries, ports }: Layout): ProcessSpec {
  const client = `http://127.0.0.1:${ports.etcd}`
  const peer = `http://127.0.0.1:${ports['etcd-peer']}`
  return {
    name: 'etcd',
    command: binaries.etcd,
    ready: { url: `${client}/health` },
    stopMs: STOP_MS,
    args: [
      `--data-dir=${dir}/etcd`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      '--heartbeat-interval=10',
      '--election-timeout=100',
      '--unsafe-no-fsync',
      '--quota-backend-bytes=8589934592',
      '--log-level=warn',
    ],
  }
}

function auditFlags({ audit }: Layout): string[] {
  if (audit === undefined) return []
  // One file that is never rotated: positions in it stay valid (audit.ts).
  const policy = `--audit-policy-file=${audit.policy}`
  return [policy, `--audit-log-path=${audit.log}`, '--audit-log-maxsize=1000000']
}

function apiserver(layout: Layout): ProcessSpec {
  const { pki, serving, ports, dir, binaries } = layout
  return {
    name: 'kube-apiserver',
    command: binaries['kube-apiserver'],
    ready: { url: `https://127.0.0.1:${ports['kube-apiserver']}/readyz` },
    stopMs: STOP_MS,
    args: [
      `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
      `--secure-port=${ports['kube-apiserver']}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      // A loopback address cannot stand in an Endpoints object.
      '--endpoint-reconciler-type=none',
      `--cert-dir=${dir}/pki`,
      `--tls-cert-file=${serving.cert}`,
      `--tls-private-key-file=${serving.key}`,
      `--client-ca-file=${pki.caFile}`,
      `--service-account-key-file=${pki.tokenPublicFile}`,
      `--service-account-signing-key-file=${pki.tokenKeyFile}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-cluster-ip-range=${SERVICE_RANGE}`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--enable-bootstrap-token-auth=true',
      '--allow-privileged=true',
      ...auditFlags(layout),
    ],
  }
}

/** Flags that the controller-manager and the scheduler share. */
function clientFlags(layout: Layout, name: 'kube-controller-manager' | 'kube-scheduler'): string[] {
  const kubeconfig = layout.kubeconfigs[name]
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    `--secure-port=${layout.ports[name]}`,
    '--bind-address=127.0.0.1',
    `--cert-dir=${layout.dir}/pki/${name}`,
    '--leader-elect=false',
  ]
}

function controllerManager(layout: Layout): ProcessSpec {
  const { pki, ports, binaries } = layout
  return {
    name: 'kube-controller-manager',
    command: binaries['kube-controller-manager'],
    ready: { url: `https://127.0.0.1:${ports['kube-controller-manager']}/healthz` },
    args: [
      ...clientFlags(layout, 'kube-controller-manager'),
      `--service-account-private-key-file=${pki.tokenKeyFile}`,
      `--root-ca-file=${pki.caFile}`,
      `--cluster-signing-cert-file=${pki.caFile}`,
      `--cluster-signing-key-file=${pki.caKeyFile}`,
      '--use-service-account-credentials=true',
      '--controllers=*,bootstrapsigner,tokencleaner',
      // With the default of 20 per second its controllers need 5 s to start, 0.6 s with this.
      '--kube-api-qps=100',
      '--kube-api-burst=200',
    ],
  }
}

function scheduler(layout: Layout): ProcessSpec {
  return {
    name: 'kube-scheduler',
    command: layout.binaries['kube-scheduler'],
    ready: { url: `https://127.0.0.1:${layout.ports['kube-scheduler']}/healthz` },
    args: clientFlags(layout, 'kube-scheduler'),
  }
}

/** Its configuration file holds the rest (stages.ts). */
function kwok({ binaries, ports, kubeconfigs, kwokConfig }: Layout): ProcessSpec {
  const address = `127.0.0.1:${ports.kwok}`
  return {
    name: 'kwok',
    command: binaries.kwok,
    ready: { url: `http://${address}/healthz` },
    args: [
      `--kubeconfig=${kubeconfigs['kwok']}`,
      `--config=${kwokConfig}`,
      `--server-address=${address}`,
    ],
  }
}

/** The command lines of all components. `flags` are put behind ours, so that they win. */
export function processSpecs(
  layout: Layout,
  flags: Partial<Record<ComponentName, readonly string[]>> = {},
): Record<ComponentName, ProcessSpec> {
  const specs = {
    etcd: etcd(layout),
    'kube-apiserver': apiserver(layout),
    'kube-controller-manager': controllerManager(layout),
    'kube-scheduler': scheduler(layout),
    kwok: kwok(layout),
  }
  for (const name of COMPONENTS) {
    specs[name] = { ...specs[name], args: [...specs[name].args, ...(flags[name] ?? [])] }
  }
  return specs
}
