import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { AUDIT_POLICY } from './audit.ts'
import { ADMIN, MASTERS } from './bed.ts'
import type { Binaries } from './binaries.ts'
import { COMPONENTS, type Layout, SERVICE_IP } from './components.ts'
import { writeKubeconfig } from './kubeconfig.ts'
import { Pki } from './pki.ts'
import { freePorts } from './ports.ts'
import { type Behaviour, kwokConfig } from './stages.ts'
import { adminKubeconfig, auditFile } from './state.ts'

/** Components that are clients of the API server, and as whom. kwok stands for all kubelets. */
const IDENTITIES = {
  'kube-controller-manager': { user: 'system:kube-controller-manager' },
  'kube-scheduler': { user: 'system:kube-scheduler' },
  kwok: { user: 'testbed:kwok', groups: [MASTERS] },
} as const

/**
 * The folder of a bed: a new one below the machine's temporary folder, or the given one. Since it is
 * removed with the bed, a given one must be new or empty.
 */
export function makeFolder(given: string | undefined): string {
  const dir = given === undefined ? mkdtempSync(join(tmpdir(), 'edgenet-bed-')) : resolve(given)
  mkdirSync(dir, { recursive: true })
  if (readdirSync(dir).length > 0) throw new Error(`${dir} is not empty: a bed removes its folder`)
  for (const name of ['run', 'log']) mkdirSync(join(dir, name))
  return dir
}

/** Ports for a new control plane. */
export async function choosePorts(): Promise<Layout['ports']> {
  const names = [...COMPONENTS, 'etcd-peer'] as const
  const free = await freePorts(names.length)
  const ports = names.map((name, index) => [name, free[index]] as const)
  return Object.fromEntries(ports) as Record<(typeof names)[number], number>
}

export interface LayoutOptions {
  readonly dir: string
  readonly ports: Layout['ports']
  readonly binaries: Binaries
  readonly behaviour: Behaviour
  readonly audit: boolean
}

/** Writes everything that the components read: certificates, kubeconfigs, policies. Takes about 0.1 s. */
export function writeLayout({ dir, ports, binaries, behaviour, audit }: LayoutOptions): Layout {
  const pki = new Pki(join(dir, 'pki'))
  pki.create()
  const serving = pki.serving({
    dns: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'],
    ips: ['127.0.0.1', SERVICE_IP],
  })
  const cluster = { url: `https://127.0.0.1:${ports['kube-apiserver']}`, caFile: pki.caFile }
  const kubeconfigs: Record<string, string> = {}
  for (const [name, identity] of Object.entries(IDENTITIES)) {
    const path = join(dir, `${name}.kubeconfig`)
    writeKubeconfig(path, cluster, pki.client(identity))
    kubeconfigs[name] = path
  }
  const admin = pki.client({ user: ADMIN, groups: [MASTERS] })
  writeKubeconfig(adminKubeconfig(dir), cluster, admin)
  const policy = join(dir, 'audit-policy.json')
  writeFileSync(policy, AUDIT_POLICY)
  const kwok = join(dir, 'kwok.yaml')
  writeFileSync(kwok, kwokConfig(behaviour))
  return {
    ...{ dir, binaries, pki, serving, ports, kubeconfigs, kwokConfig: kwok },
    audit: audit ? { policy, log: auditFile(dir) } : undefined,
  }
}
