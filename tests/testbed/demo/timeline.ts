import type { V1Node, V1Pod } from '@kubernetes/client-node'
import type { KubeObject } from '../../../core/admission/types.ts'
import { LOST_TAINT } from '../../../core/healing/loss.ts'
import { RESTRICTED } from '../../../core/placement/labels.ts'
import type { KubeClient } from '../../../platform/kube/client.ts'
import { pathTo } from '../../../platform/kube/paths.ts'
import { Reflector } from '../../../platform/kube/reflector.ts'

interface NodeSeen {
  readonly lost: boolean
  /** Keys of the labels that say: chosen. */
  readonly chosen: readonly string[]
}

export interface PodSeen {
  readonly uid: string
  readonly name: string
  readonly node: string
  readonly running: boolean
  readonly leaving: boolean
}

const CHOSEN = `${RESTRICTED}use-`

/** Tells what happens to nodes and pods as it is seen, in seconds since `begin`; silent before. */
export class Timeline {
  readonly #say: (line: string) => void
  readonly #nodes: Reflector<NodeSeen>
  readonly #pods: Reflector<PodSeen>
  #beganMs: number | undefined

  constructor(client: KubeClient, say: (line: string) => void) {
    this.#say = say
    this.#nodes = new Reflector<NodeSeen>({
      client,
      name: 'demo-nodes',
      path: pathTo('nodes'),
      project: nodeSeen,
      onChange: (name, now, before) => this.#node(name, now, before),
    })
    this.#pods = new Reflector<PodSeen>({
      client,
      name: 'demo-pods',
      path: pathTo('pods', { namespace: 'default' }),
      project: podSeen,
      onChange: (_, now, before) => this.#pod(now, before),
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

  begin(): void {
    this.#beganMs = performance.now()
  }

  tell(what: string): void {
    if (this.#beganMs === undefined) return
    const seconds = (performance.now() - this.#beganMs) / 1000
    this.#say(`${seconds.toFixed(2).padStart(7)}  ${what}`)
  }

  /** Pods that run and are not on their way out. */
  running(): PodSeen[] {
    return [...this.#pods.items.values()].filter(({ running, leaving }) => running && !leaving)
  }

  isLost(node: string): boolean {
    return this.#nodes.items.get(node)?.lost ?? false
  }

  #node(name: string, now: NodeSeen | undefined, before: NodeSeen | undefined): void {
    if (now?.lost && !before?.lost) this.tell(`${name} is declared lost`)
    if (before?.lost && !now?.lost) this.tell(`${name} is back: no longer lost`)
    const [has = [], had = []] = [now?.chosen, before?.chosen]
    if (has.some((key) => !had.includes(key))) this.tell(`${name} gets the label: the replacement`)
    if (had.some((key) => !has.includes(key))) this.tell(`${name} loses the label`)
  }

  #pod(now: PodSeen | undefined, before: PodSeen | undefined): void {
    if (now?.leaving && !before?.leaving) this.tell(`pod ${now.name} is deleted`)
    if (before && !now) this.tell(`pod ${before.name} is gone`)
    if (now?.node && !before?.node) this.tell(`pod ${now.name} goes to ${now.node}`)
    if (now?.running && !before?.running) this.tell(`pod ${now.name} runs on ${now.node}`)
  }
}

function nodeSeen(object: KubeObject): NodeSeen {
  const { metadata, spec } = object as unknown as V1Node
  return {
    lost: spec?.taints?.some(({ key }) => key === LOST_TAINT) ?? false,
    chosen: Object.keys(metadata?.labels ?? {}).filter((key) => key.startsWith(CHOSEN)),
  }
}

function podSeen(object: KubeObject): PodSeen {
  const { metadata, spec, status } = object as unknown as V1Pod
  return {
    uid: metadata?.uid ?? '',
    name: metadata?.name ?? '',
    node: spec?.nodeName ?? '',
    running: status?.phase === 'Running',
    leaving: metadata?.deletionTimestamp !== undefined,
  }
}
