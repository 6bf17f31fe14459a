import type { KubeObject } from '../../core/admission/types.ts'
import { isStatus, type KubeClient } from '../../platform/kube/client.ts'
import { forEachParallel } from '../../platform/parallel.ts'
import { nodeObject } from './fakenode.ts'
import { HEARTBEAT, heartbeatPolicy, heartbeatProbe } from './heartbeat.ts'
import type { NodeRow } from './noderow.ts'
import { FAKE_LABEL, SERVED_LABEL } from './stages.ts'
import { until } from './until.ts'

const NODES = '/api/v1/nodes'
const POLICIES = '/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies'
/** Requests at the same time. */
const PARALLEL = 20

/** The parts of a Node that tests read. */
export interface NodeObject extends KubeObject {
  readonly spec?: {
    readonly unschedulable?: boolean
    readonly taints?: readonly { readonly key: string; readonly effect: string }[]
  }
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
    readonly addresses?: readonly { readonly type: string; readonly address: string }[]
    readonly allocatable?: Readonly<Record<string, string>>
  }
}

const isReady = (node: NodeObject): boolean =>
  node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ??
  false

/**
 * Every new node has this taint until it is ready. The controller-manager takes it off 25 nodes per
 * second at most, so we help (2,000 nodes are open after 33 s instead of 89 s), which also works without it.
 */
const NEW_TAINT = 'node.kubernetes.io/not-ready'

/** Where the taint of new nodes stands in the node's list; -1 without it. */
const newTaint = (node: NodeObject): number =>
  (node.spec?.taints ?? []).findIndex(({ key }) => key === NEW_TAINT)

/** The fake nodes of a bed. */
export class FakeNodes {
  readonly #connect: () => KubeClient
  readonly #label: boolean

  /** With `label`, nodes carry geographic labels from the beginning. */
  constructor(connect: () => KubeClient, label: boolean) {
    this.#connect = connect
    this.#label = label
  }

  get #client(): KubeClient {
    return this.#connect()
  }

  /** Creates nodes and waits until all of them are Ready and open for pods. */
  async add(rows: readonly NodeRow[]): Promise<void> {
    await forEachParallel(rows, PARALLEL, async (row) => {
      await this.#client.create(NODES, nodeObject(row, this.#label))
    })
    const names = new Set(rows.map((row) => row.name))
    const ours = async () =>
      (await this.list()).filter(({ metadata }) => names.has(metadata.name ?? ''))
    // Reading thousands of nodes takes long enough by itself.
    const patience = { everyMs: 100 + rows.length, timeoutMs: 60_000 + rows.length * 30 }
    await until(async () => (await ours()).filter(isReady).length === names.size, {
      ...patience,
      what: `${names.size} fake nodes to be Ready`,
    })
    const open = async () => {
      const closed = (await ours()).filter((node) => newTaint(node) >= 0)
      await forEachParallel(closed, PARALLEL, (node) => this.#open(node))
      return closed.length === 0
    }
    await until(open, { ...patience, what: `${names.size} fake nodes to be open for pods` })
  }

  async #open(node: NodeObject): Promise<void> {
    const path = `/spec/taints/${newTaint(node)}`
    const patch = [
      { op: 'test', path: `${path}/key`, value: NEW_TAINT },
      { op: 'remove', path },
    ]
    try {
      await this.#client.patch(`${NODES}/${node.metadata.name}`, patch, 'json')
    } catch (error) {
      // The controller-manager was quicker.
      if (!isStatus(error, 422)) throw error
    }
  }

  /** Deletes a node as a cluster's administrator would; its pods are collected by the cluster. */
  async remove(name: string): Promise<void> {
    try {
      await this.#client.delete(`${NODES}/${name}`)
    } catch (error) {
      if (!isStatus(error, 404)) throw error
    }
  }

  /** `off`: the node fails silently. `on`: it returns. */
  async heartbeat(name: string, state: 'on' | 'off'): Promise<void> {
    const patch = { metadata: { annotations: { [HEARTBEAT]: state } } }
    await this.#client.patch(`${NODES}/${name}`, patch, 'merge')
  }

  /** All fake nodes; others that may have joined are left out. */
  list(): Promise<NodeObject[]> {
    return this.#client.listAll<NodeObject>(NODES, { labelSelector: FAKE_LABEL })
  }

  /** Puts the policy behind the annotation into the API server and waits until it is in force. */
  async prepare(): Promise<void> {
    const { policy, binding } = heartbeatPolicy()
    await this.#client.create(POLICIES, policy)
    await this.#client.create(POLICIES.replace(/ies$/, 'ybindings'), binding)
    const inForce = async () => {
      const answer = await this.#client.create(NODES, heartbeatProbe, { dryRun: 'All' })
      return answer.metadata.labels?.[SERVED_LABEL] !== undefined
    }
    await until(inForce, { what: 'the heartbeat policy to be in force' })
  }
}
