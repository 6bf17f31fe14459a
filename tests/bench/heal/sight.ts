import type { V1Pod } from '@kubernetes/client-node'
import type { KubeObject } from '../../../core/admission/types.ts'
import { LOST_TAINT } from '../../../core/healing/loss.ts'
import { pathTo } from '../../../platform/kube/paths.ts'
import { Reflector } from '../../../platform/kube/reflector.ts'
import type { Testbed } from '../../testbed/index.ts'

interface NodeSeen {
  readonly lost: boolean
  readonly labels: Readonly<Record<string, string>>
}

export interface PodSeen {
  readonly uid: string
  readonly app: string
  readonly node: string
  readonly running: boolean
  readonly terminating: boolean
}

/** What happens in the cluster, with the time (performance.now()) at which it was seen. */
export class Sight {
  /** By node. */
  readonly lostAt = new Map<string, number>()
  /** By node and label. */
  readonly labelledAt = new Map<string, number>()
  /** By pod's uid. */
  readonly runningAt = new Map<string, number>()
  readonly #nodes: Reflector<NodeSeen>
  readonly #pods: Reflector<PodSeen>

  constructor({ admin: client }: Testbed) {
    this.#nodes = new Reflector<NodeSeen>({
      client,
      name: 'bench-nodes',
      path: pathTo('nodes'),
      project: nodeSeen,
      onChange: (name, now, before) => this.#node(name, now, before),
    })
    this.#pods = new Reflector<PodSeen>({
      client,
      name: 'bench-pods',
      path: pathTo('pods', { namespace: 'default' }),
      project: podSeen,
      onChange: (_, now) => {
        if (now?.running && !this.runningAt.has(now.uid)) {
          this.runningAt.set(now.uid, performance.now())
        }
      },
    })
  }

  async start(): Promise<void> {
    this.#nodes.start()
    this.#pods.start()
    await Promise.all([this.#nodes.whenSynced(), this.#pods.whenSynced()])
  }

  async stop(): Promise<void> {
    await Promise.all([this.#nodes.stop(), this.#pods.stop()])
  }

  /** Pods of a workload that run and are not on their way out. */
  running(app: string): PodSeen[] {
    return this.pods(app).filter(({ running, terminating }) => running && !terminating)
  }

  pods(app: string): PodSeen[] {
    return [...this.#pods.items.values()].filter((pod) => pod.app === app)
  }

  lost(): string[] {
    return [...this.#nodes.items].filter(([, { lost }]) => lost).map(([name]) => name)
  }

  labelled(label: string): string[] {
    return [...this.#nodes.items]
      .filter(([, { labels }]) => Object.hasOwn(labels, label))
      .map(([name]) => name)
  }

  #node(name: string, now: NodeSeen | undefined, before: NodeSeen | undefined): void {
    if (now?.lost && !before?.lost) this.lostAt.set(name, performance.now())
    for (const label of Object.keys(now?.labels ?? {})) {
      if (!Object.hasOwn(before?.labels ?? {}, label)) {
        this.labelledAt.set(`${name} ${label}`, performance.now())
      }
    }
  }
}

function nodeSeen(object: KubeObject): NodeSeen {
  const { taints = [] } = (object['spec'] ?? {}) as { taints?: readonly { key: string }[] }
  return {
    lost: taints.some(({ key }) => key === LOST_TAINT),
    labels: object.metadata.labels ?? {},
  }
}

function podSeen(object: KubeObject): PodSeen {
  const { metadata, spec, status } = object as unknown as V1Pod
  return {
    uid: metadata?.uid ?? '',
    app: metadata?.labels?.['app'] ?? '',
    node: spec?.nodeName ?? '',
    running: status?.phase === 'Running',
    terminating: metadata?.deletionTimestamp !== undefined,
  }
}
