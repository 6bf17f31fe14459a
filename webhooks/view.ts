import { isDeepStrictEqual } from 'node:util'
import { compiler } from '../core/geo/compile.ts'
import { type AreaDefinition, AreaIndex } from '../core/placement/choice/area-index.ts'
import type { Usage } from '../core/placement/choice/caps.ts'
import { type GeoArea, geoAreaOf } from '../core/placement/choice/geo-area.ts'
import { COUNTRY_LABEL } from '../core/placement/choice/membership.ts'
import { NodeStore, type VersionedNode } from '../core/placement/choice/node-store.ts'
import { versionedNode } from '../core/placement/choice/node-view.ts'
import { reportUsage } from '../core/placement/report/report-usage.ts'
import type { NodeView } from '../core/placement/types.ts'
import { isStatus, type KubeClient } from '../platform/kube/client.ts'
import { pathTo } from '../platform/kube/paths.ts'
import { Reflector } from '../platform/kube/reflector.ts'

/** Label of a tenant's namespaces. */
const TENANT = 'edge-net.io/tenant'

/** What hooks know of the cluster: mirrors, none of which decides alone where a miss would be a refusal. */
export class View {
  readonly areas = new AreaIndex(compiler)
  readonly nodes = new NodeStore(this.areas.inside)
  readonly #client: KubeClient
  readonly #nodes: Reflector<VersionedNode>
  readonly #areas: Reflector<GeoArea>
  readonly #usage: Reflector<Usage>
  readonly #tenants: Reflector<string>
  /** By namespace, then as `usage`. */
  readonly #usageIn = new Map<string, Map<string, Usage>>()

  constructor(client: KubeClient) {
    this.#client = client
    this.#nodes = new Reflector<VersionedNode>({
      client,
      name: 'nodes',
      path: pathTo('nodes'),
      project: versionedNode,
      equal: (a, b) => isDeepStrictEqual(a.view, b.view),
      onChange: (name, now) => {
        if (now) this.nodes.set(now)
        else this.#forget(name)
      },
    })
    this.#areas = new Reflector<GeoArea>({
      client,
      name: 'geoareas',
      path: pathTo('geoareas'),
      project: geoAreaOf,
      equal: (a, b) => a.generation === b.generation && a.uid === b.uid,
      onChange: (name, now) => this.#define(name, now?.definition),
    })
    this.#usage = new Reflector<Usage>({
      client,
      name: 'placements',
      path: pathTo('placements'),
      project: reportUsage,
      equal: isDeepStrictEqual,
      onChange: (key, now) => this.#setUsage(key, now),
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

  /** Whether a GeoArea exists; one that was made just now is asked for at the API server. */
  async hasArea(name: string, signal: AbortSignal): Promise<boolean> {
    if (this.areas.isDefined(name)) return true
    try {
      const object = await this.#client.get(pathTo('geoareas', { name }), undefined, { signal })
      this.#define(name, geoAreaOf(object).definition)
      return true
    } catch (error) {
      if (isStatus(error, 404)) return false
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

  start(): void {
    for (const reflector of this.#all()) reflector.start()
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all().map((reflector) => reflector.stop()))
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
