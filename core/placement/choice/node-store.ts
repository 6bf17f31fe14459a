import { LOST_TAINT } from '../../healing/loss.ts'
import { RESTRICTED } from '../labels.ts'
import type { NodeView } from '../types.ts'
import { DEFAULT_LIMITS } from './caps.ts'
import { FactTable } from './fact-table.ts'
import type { Inside } from './membership.ts'

export interface VersionedNode {
  readonly view: NodeView
  /** metadata.resourceVersion as a number: of two states of one node the higher is the later. */
  readonly version: number
}

export interface NodeChange {
  readonly before: NodeView | undefined
  readonly now: NodeView | undefined
}

const NONE: ReadonlySet<string> = new Set()

/**
 * The nodes as last known, from the watch and from the answers to our own writes, whichever is later,
 * so that a decision never forgets what was just written. Indexed by our placement labels.
 */
export class NodeStore {
  /** The same nodes, prepared for questions about rows. */
  readonly facts: FactTable
  readonly #views = new Map<string, NodeView>()
  readonly #versions = new Map<string, number>()
  readonly #byLabel = new Map<string, Set<string>>()
  readonly #labelCounts = new Map<string, number>()
  readonly #labelLimit: number
  readonly #capped = new Set<string>()
  readonly #lost = new Set<string>()

  /** `labelLimit`: how many placement labels a node may carry. */
  constructor(inside: Inside = () => undefined, labelLimit = DEFAULT_LIMITS.labelsPerNode) {
    this.facts = new FactTable(inside)
    this.#labelLimit = labelLimit
  }

  /** By name. */
  get views(): ReadonlyMap<string, NodeView> {
    return this.#views
  }

  /** Takes a state of a node unless a later one is known. */
  set({ view, version }: VersionedNode): NodeChange | undefined {
    if ((this.#versions.get(view.name) ?? -1) > version) return undefined
    const before = this.#views.get(view.name)
    this.#views.set(view.name, view)
    this.facts.set(view)
    this.#versions.set(view.name, version)
    this.#index(view.name, before, view)
    return { before, now: view }
  }

  /** Takes in the answer to a write of ours, unless the node is gone by now. */
  answer(node: VersionedNode): NodeChange | undefined {
    return this.#views.has(node.view.name) ? this.set(node) : undefined
  }

  /** The API server's store was restored from a backup: its versions begin anew before ours. */
  rewind(): void {
    this.#versions.clear()
  }

  delete(name: string): NodeChange {
    const before = this.#views.get(name)
    this.#views.delete(name)
    this.facts.delete(name)
    this.#versions.delete(name)
    this.#index(name, before, undefined)
    return { before, now: undefined }
  }

  /** Names of the nodes that carry a placement label. */
  labelled(key: string): ReadonlySet<string> {
    return this.#byLabel.get(key) ?? NONE
  }

  /** Every placement label that some node carries. */
  labels(): IterableIterator<string> {
    return this.#byLabel.keys()
  }

  /** Names of the nodes that carry our taint: healing has declared them lost. */
  get lost(): ReadonlySet<string> {
    return this.#lost
  }

  /** How many placement labels a node carries. */
  labelCount(name: string): number {
    return this.#labelCounts.get(name) ?? 0
  }

  /** Names of the nodes that carry as many placement labels as they may. */
  get capped(): ReadonlySet<string> {
    return this.#capped
  }

  #index(name: string, before: NodeView | undefined, now: NodeView | undefined): void {
    const was = placementLabels(before)
    const is = placementLabels(now)
    for (const key of was) if (!is.has(key)) this.#unset(key, name)
    for (const key of is) {
      const names = this.#byLabel.get(key)
      if (names) names.add(name)
      else this.#byLabel.set(key, new Set([name]))
    }
    if (now?.taints.some(({ key }) => key === LOST_TAINT)) this.#lost.add(name)
    else this.#lost.delete(name)
    if (now) this.#labelCounts.set(name, is.size)
    else this.#labelCounts.delete(name)
    if (is.size >= this.#labelLimit) this.#capped.add(name)
    else this.#capped.delete(name)
  }

  #unset(key: string, name: string): void {
    const names = this.#byLabel.get(key)
    names?.delete(name)
    if (names?.size === 0) this.#byLabel.delete(key)
  }
}

function placementLabels(node: NodeView | undefined): Set<string> {
  return new Set(Object.keys(node?.labels ?? {}).filter((key) => key.startsWith(RESTRICTED)))
}
