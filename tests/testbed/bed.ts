import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { KubeClient } from '../../platform/kube/client.ts'
import { AuditLog } from './audit.ts'
import type { ComponentName } from './components.ts'
import { writeKubeconfig } from './kubeconfig.ts'
import { type KubectlOptions, type KubectlResult, runKubectl } from './kubectl.ts'
import { FakeNodes } from './nodes.ts'
import { Pki } from './pki.ts'
import { type Control, ManagedProcess } from './process.ts'
import { adminKubeconfig, auditFile, type BedState, stateFile } from './state.ts'

/** Who may do everything. Tests act as ADMIN, the bed itself as OWNER, so the audit log tells them apart. */
export const MASTERS = 'system:masters'
export const ADMIN = 'admin'
export const OWNER = 'testbed'

/** A running control plane. */
export interface Testbed {
  readonly dir: string
  readonly url: string
  readonly caFile: string
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string
  /** Path of the file by which other processes attach (EDGENET_TESTBED). */
  readonly stateFile: string
  readonly admin: KubeClient
  /** Signs serving certificates that the bed's clients trust. */
  readonly pki: Pki
  readonly nodes: FakeNodes
  readonly audit: AuditLog
  /** A client with a certificate for this user and groups; closed with the bed. */
  clientFor(user: string, groups?: readonly string[]): KubeClient
  /** Path of a kubeconfig for this user and groups. */
  kubeconfigFor(user: string, groups?: readonly string[]): string
  component(name: ComponentName): Control
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<KubectlResult>
  /** Ends the bed and removes its folder; of an attached bed, closes the clients only. */
  stop(): Promise<void>
}

/** A bed seen from a process that may or may not own it. */
export class OpenBed implements Testbed {
  readonly dir: string
  readonly url: string
  readonly pki: Pki
  readonly nodes: FakeNodes
  readonly audit: AuditLog
  readonly #state: BedState
  readonly #stop: () => Promise<void>
  readonly #clients = new Map<string, KubeClient>()

  /** `stop` ends the bed itself. */
  constructor(state: BedState, stop: () => Promise<void>) {
    this.dir = state.dir
    this.url = state.url
    this.pki = new Pki(join(state.dir, 'pki'))
    this.nodes = new FakeNodes(this.clientFor.bind(this, OWNER, [MASTERS]), state.label)
    this.audit = new AuditLog(auditFile(state.dir))
    this.#state = state
    this.#stop = stop
  }

  get caFile(): string {
    return this.pki.caFile
  }

  get kubeconfig(): string {
    return adminKubeconfig(this.dir)
  }

  get stateFile(): string {
    return stateFile(this.dir)
  }

  get admin(): KubeClient {
    return this.clientFor(ADMIN, [MASTERS])
  }

  clientFor(user: string, groups: readonly string[] = []): KubeClient {
    const id = JSON.stringify([user, ...groups])
    const known = this.#clients.get(id)
    if (known !== undefined) return known
    const { cert, key } = this.pki.client({ user, groups })
    const client = new KubeClient({
      url: this.url,
      ca: this.pki.ca(),
      cert: readFileSync(cert),
      key: readFileSync(key),
    })
    this.#clients.set(id, client)
    return client
  }

  kubeconfigFor(user: string, groups: readonly string[] = []): string {
    const id = createHash('sha256')
      .update(JSON.stringify([user, ...groups]))
      .digest('hex')
    mkdirSync(join(this.dir, 'users'), { recursive: true })
    const path = join(this.dir, 'users', `${id.slice(0, 20)}.kubeconfig`)
    if (!existsSync(path)) writeKubeconfig(path, this, this.pki.client({ user, groups }))
    return path
  }

  component(name: ComponentName): Control {
    return new ManagedProcess(this.dir, this.#state.components[name])
  }

  kubectl(args: readonly string[], options?: KubectlOptions): Promise<KubectlResult> {
    const { kubectl: binary, dir } = this.#state
    return runKubectl({ binary, dir, kubeconfig: this.kubeconfig }, args, options)
  }

  async stop(): Promise<void> {
    for (const client of this.#clients.values()) client.close()
    this.#clients.clear()
    await this.#stop()
  }
}
