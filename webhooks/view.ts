import { isDeepStrictEqual } from 'node:util'
import type { KubeObject } from '../core/admission/types.ts'
import { compiler } from '../core/geo/compile.ts'
import { type AreaDefinition, AreaIndex } from '../core/placement/choice/area-index.ts'
import type { Usage } from '../core/placement/choice/caps.ts'
import { type GeoArea, storedGeoArea } from '../core/placement/choice/geo-area.ts'
import { COUNTRY_LABEL } from '../core/placement/choice/membership.ts'
import { NodeStore, type VersionedNode } from '../core/placement/choice/node-store.ts'
import { versionedNode } from '../core/placement/choice/node-view.ts'
import { PREFIX } from '../core/placement/labels.ts'
import { reportUsage } from '../core/placement/report/report-usage.ts'
import type { NodeView } from '../core/placement/types.ts'
import { Refusal } from '../core/refusal.ts'
import { isStatus, type KubeClient } from '../platform/kube/client.ts'
import { pathTo } from '../platform/kube/paths.ts'
import { Reflector } from '../platform/kube/reflector.ts'
import type { Accounts, UsageListener } from './caps.ts'

/** Label of a tenant's namespaces. */
const TENANT = `${PREFIX}tenant`

/** For so long an area counts by the word of the API server alone. */
const UNCONFIRMED_MS = 30_000

/** What hooks know of the cluster: mirrors, none of which decides alone where a miss would be a refusal. */
export class View implements Accounts {
  readonly areas = new AreaIndex(compiler)
  readonly nodes = new NodeStore(this.areas.inside)
  readonly #client: KubeClient
  readonly #nodes: Reflector<VersionedNode>
  readonly #areas: Reflector<GeoArea>
  readonly #usage: Reflector<Usage>
  readonly #tenants: Reflector<string>
  /** By namespace, then as `usage`. */
  readonly #usageIn = new Map<string, Map<string, Usage>>()
  #onUsage: UsageListener = () => {}
  /** How often the mirror of the GeoAreas has changed. */
  #areaChanges = 0

  constructor(client: KubeClient) {
    this.#client = client
    this.#nodes = new Reflector<VersionedNode>({
      client,
      name: 'nodes',
      path: pathTo('nodes'),
      project: versionedNode,
      equal: (a, b) => isDeepStrictEqual(a.view, b.view),
      onRewind: () => this.nodes.rewind(),
      onChange: (name, now) => {
        if (now) this.nodes.set(now)
        else this.#forget(name)
      },
    })
    this.#areas = new Reflector<GeoArea>({
      client,
      name: 'geoareas',
      path: pathTo('geoareas'),
      project: storedGeoArea,
      equal: (a, b) => a.generation === b.generation && a.uid === b.uid,
      onChange: (name, now) => {
        this.#areaChanges++
        this.#define(name, now?.definition)
      },
    })
    this.#usage = new Reflector<Usage>({
      client,
      name: 'placements',
      path: pathTo('placements'),
      project: reportUsage,
      equal: isDeepStrictEqual,
      onChange: (key, now, before) => {
        this.#setUsage(key, now)
        this.#onUsage(key, now, before)
      },
    })
    this.#tenants = new Reflector<string>({
      client,
      name: 'namespaces',
      path: pathTo('namespaces'),
      project: ({ metadata }) => metadata.labels?.[TENANT],
    })
  }

  /** Names of the GeoAreas. */
  areaNames(): Iterable<string> {
    return this.#areas.items.keys()
  }

  /**
   * Whether a GeoArea exists; one that was made just now is asked for at the API server. Throws Refusal
   * for an area that cannot be read.
   */
  async hasArea(name: string, signal: AbortSignal): Promise<boolean> {
    if (this.areas.isDefined(name)) return true
    const before = this.#areaChanges
    const object = await this.#storedArea(name, signal)
    // The mirror may have seen meanwhile that what we were told is over.
    if (this.#areaChanges !== before) return this.hasArea(name, signal)
    if (!object) return false
    const area = storedGeoArea(object)
    if (!area) {
      throw new Refusal(
        'EDGENET_AREA_UNREADABLE',
        `metadata.annotations[${PREFIX}area]`,
        `GeoArea "${name}" cannot be read (kubectl describe geoarea ${name} says why): correct it first`,
      )
    }
    this.#define(name, area.definition)
    setTimeout(() => this.#confirm(name), UNCONFIRMED_MS).unref()
    return true
  }

  /** What the mirror has not seen by now was deleted before it looked. */
  #confirm(name: string): void {
    if (!this.#areas.items.has(name)) this.#define(name, undefined)
  }

  async #storedArea(name: string, signal: AbortSignal): Promise<KubeObject | undefined> {
    try {
      return await this.#client.get(pathTo('geoareas', { name }), undefined, { signal })
    } catch (error) {
      if (isStatus(error, 404)) return undefined
      throw error
    }
  }

  #define(name: string, definition: AreaDefinition | undefined): void {
    this.areas.define(name, definition)
    this.nodes.facts.redefine(name)
  }

  #forget(node: string): void {
    this.areas.forget(node)
    this.nodes.delete(node)
  }

  /** The nodes that carry each choice label, by row. */
  labelled(choices: ReadonlyMap<string, string>): Map<string, ReadonlySet<string>> {
    return new Map([...choices].map(([row, label]) => [row, this.nodes.labelled(label)]))
  }

  /** How many nodes are in an area, which need not be stored yet. */
  countNodes({ definition }: GeoArea): number {
    const isIn = (node: NodeView): boolean =>
      'shape' in definition
        ? this.areas.inside({ kind: 'shape', shape: definition.shape }, node) === true
        : definition.countries.includes(node.labels[COUNTRY_LABEL] ?? '')
    return [...this.nodes.views.values()].filter(isIn).length
  }

  /** Whose limits a workload counts against: the tenant of its namespace, else the namespace itself. */
  payer(namespace: string): string {
    const tenant = this.#tenants.items.get(namespace)
    return tenant === undefined ? `namespace/${namespace}` : `tenant/${tenant}`
  }

  /** What each reported workload uses, by `<namespace>/<name of the Placement>`. */
  get usage(): ReadonlyMap<string, Usage> {
    return this.#usage.items
  }

  /** The same, of the namespaces of one payer. */
  *usageOf(payer: string): IterableIterator<[key: string, usage: Usage]> {
    for (const [namespace, usage] of this.#usageIn) {
      if (this.payer(namespace) === payer) yield* usage
    }
  }

  #setUsage(key: string, usage: Usage | undefined): void {
    const namespace = key.slice(0, key.indexOf('/'))
    const there = this.#usageIn.get(namespace) ?? new Map<string, Usage>()
    if (usage) there.set(key, usage)
    else there.delete(key)
    if (there.size > 0) this.#usageIn.set(namespace, there)
    else this.#usageIn.delete(namespace)
  }

  /** Calls `listener` for each report that comes, changes or goes. */
  onUsage(listener: UsageListener): void {
    this.#onUsage = listener
  }

  start(): void {
    for (const reflector of this.#all()) reflector.start()
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all().map((reflector) => reflector.stop()))
  }

  /** Resolves at once in a process that is ready; before, a hook would decide on an empty cluster. */
  async whenSynced(signal: AbortSignal): Promise<void> {
    if (this.why() === undefined) return
    await Promise.all(this.#all().map((reflector) => reflector.whenSynced(signal)))
  }

  /** For /readyz: a hook that has not seen the cluster must not be asked. */
  why(): string | undefined {
    const missing = this.#all().filter((reflector) => !reflector.synced)
    return missing.length > 0
      ? `not read yet: ${missing.map(({ name }) => name).join(', ')}`
      : undefined
  }

  #all(): Reflector<unknown>[] {
    return [this.#nodes, this.#areas, this.#usage, this.#tenants]
  }
}
