import type { V1Node } from '@kubernetes/client-node'
import { isStatus, type KubeClient } from '../../platform/kube/client.ts'
import { forEachParallel } from '../../platform/parallel.ts'
import { nodeObject } from './fakenode.ts'
import { HEARTBEAT, heartbeatPolicy, heartbeatProbe } from './heartbeat.ts'
import type { NodeRow } from './noderow.ts'
import { FAKE_LABEL, SERVED_LABEL } from './stages.ts'
import { until } from './until.ts'

const NODES = '/api/v1/nodes'
const POLICIES = '/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies'
/** 5,000 nodes take about half a minute on two cores. */
const PARALLEL = 20

type Labelled = Pick<V1Node, 'metadata'>

const isReady = (node: V1Node): boolean =>
  node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ??
  false

const isNew = (node: V1Node): boolean =>
  node.spec?.taints?.some(({ key }) => key === 'node.kubernetes.io/not-ready') ?? false

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

  /**
   * Creates nodes and waits until all of them are Ready, and free of the taint that new nodes have
   * (unless `schedulable` is false: it stays while no controller-manager runs).
   */
  async add(rows: readonly NodeRow[], { schedulable = true } = {}): Promise<void> {
    await forEachParallel(rows, PARALLEL, async (row) => {
      await this.#client.create(NODES, nodeObject(row, this.#label))
    })
    const names = new Set(rows.map((row) => row.name))
    await until(
      async () => {
        const ours = (await this.list()).filter((node) => names.has(node.metadata?.name ?? ''))
        const ready = ours.filter((node) => isReady(node) && !(schedulable && isNew(node)))
        return ready.length === names.size
      },
      { timeoutMs: 60_000 + rows.length * 30, what: `${names.size} fake nodes to be Ready` },
    )
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
  list(): Promise<V1Node[]> {
    return this.#client.listAll<V1Node>(NODES, { labelSelector: FAKE_LABEL })
  }

  /** Puts the policy behind the annotation into the API server and waits until it is in force. */
  async prepare(): Promise<void> {
    const { policy, binding } = heartbeatPolicy()
    await this.#client.create(POLICIES, policy)
    await this.#client.create(POLICIES.replace(/ies$/, 'ybindings'), binding)
    const inForce = async () => {
      const answer = await this.#client.create<Labelled>(NODES, heartbeatProbe, { dryRun: 'All' })
      return answer.metadata?.labels?.[SERVED_LABEL] !== undefined
    }
    await until(inForce, { what: 'the heartbeat policy to be in force' })
  }
}
