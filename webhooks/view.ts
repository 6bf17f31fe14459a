import { isDeepStrictEqual } from 'node:util'
import { compiler } from '../core/geo/compile.ts'
import { AreaIndex } from '../core/placement/choice/area-index.ts'
import type { Usage } from '../core/placement/choice/caps.ts'
import { type GeoArea, geoAreaOf } from '../core/placement/choice/geo-area.ts'
import { COUNTRY_LABEL } from '../core/placement/choice/membership.ts'
import { nodeView } from '../core/placement/choice/node-view.ts'
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
  readonly #client: KubeClient
  readonly #nodes: Reflector<NodeView>
  readonly #areas: Reflector<GeoArea>
  readonly #usage: Reflector<Usage>
  readonly #tenants: Reflector<string>

  constructor(client: KubeClient) {
    this.#client = client
    this.#nodes = new Reflector<NodeView>({
      client,
      name: 'nodes',
      path: pathTo('nodes'),
      project: nodeView,
      onChange: (name, now) => {
        if (!now) this.areas.forget(name)
      },
    })
    this.#areas = new Reflector<GeoArea>({
      client,
      name: 'geoareas',
      path: pathTo('geoareas'),
      project: geoAreaOf,
      equal: (a, b) => a.generation === b.generation && a.uid === b.uid,
      onChange: (name, now) => this.areas.define(name, now?.definition),
    })
    this.#usage = new Reflector<Usage>({
      client,
      name: 'placements',
      path: pathTo('placements'),
      project: reportUsage,
      equal: isDeepStrictEqual,
    })
    this.#tenants = new Reflector<string>({
      client,
      name: 'namespaces',
      path: pathTo('namespaces'),
      project: ({ metadata }) => metadata.labels?.[TENANT],
    })
  }

  get nodes(): ReadonlyMap<string, NodeView> {
    return this.#nodes.items
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
      this.areas.define(name, geoAreaOf(object).definition)
      return true
    } catch (error) {
      if (isStatus(error, 404)) return false
      throw error
    }
  }

  /** The nodes that carry each choice label, by row. */
  labelled(choices: ReadonlyMap<string, string>): Map<string, Set<string>> {
    const nodes = new Map([...choices.keys()].map((row) => [row, new Set<string>()]))
    for (const node of this.nodes.values()) {
      for (const [row, label] of choices) {
        if (Object.hasOwn(node.labels, label)) nodes.get(row)?.add(node.name)
      }
    }
    return nodes
  }

  /** How many nodes are in an area, which need not be stored yet. */
  countNodes({ definition }: GeoArea): number {
    const isIn = (node: NodeView): boolean =>
      'shape' in definition
        ? this.areas.inside({ kind: 'shape', shape: definition.shape }, node) === true
        : definition.countries.includes(node.labels[COUNTRY_LABEL] ?? '')
    return [...this.nodes.values()].filter(isIn).length
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
