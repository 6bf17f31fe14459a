import { isDeepStrictEqual } from 'node:util'
import { type NodeFacts, nodeFacts } from '../core/location/node-facts.ts'
import type { KubeClient } from '../platform/kube/client.ts'
import type { EventRecorder } from '../platform/kube/events.ts'
import { pathTo } from '../platform/kube/paths.ts'
import { WorkQueue } from '../platform/kube/queue.ts'
import { Reflector } from '../platform/kube/reflector.ts'
import type { Logger } from '../platform/log.ts'
import { startDatabases } from './database.ts'
import { trackNodes } from './locator/metrics.ts'
import { NodeLocator } from './locator/node-locator.ts'

export interface LocatorOptions {
  /** May get, list, watch and patch `nodes` and patch `nodes/status`. */
  readonly client: KubeClient
  readonly events: EventRecorder
  readonly log: Logger
  /** Files in MaxMind's format; none: addresses are not looked up. */
  readonly databasePaths: readonly string[]
  /** Longest time in ms until a new database is noticed; see startDatabases. */
  readonly databasePollMs?: number
  /** Label selector of the nodes to locate; default: all. */
  readonly selector?: string
  /** Nodes written at a time. */
  readonly concurrency?: number
}

export interface Locator {
  /** The locator's view of all nodes; its `synced` belongs into the process' readiness. */
  readonly nodes: Reflector<NodeFacts>
  /** Resolves when nothing is written any more. */
  stop(): Promise<void>
}

/**
 * Keeps the geo labels and the condition EdgeNetLocated of every node right: whenever a node's
 * annotations, addresses, provider id or our labels change, and all of them when a database changes.
 * Resolves when the databases have been tried; nodes follow as they are listed.
 */
export async function startLocator(options: LocatorOptions): Promise<Locator> {
  const { client, events, log, databasePaths, databasePollMs } = options
  const nodes = new Reflector<NodeFacts>({
    name: 'locator-nodes',
    client,
    path: pathTo('nodes'),
    query: { labelSelector: options.selector },
    project: nodeFacts,
    equal: sameFacts,
    onChange: (name) => queue.add(name),
    onRewind: () => locator.rewind(),
  })
  const databases = await startDatabases({
    paths: databasePaths,
    log,
    ...(databasePollMs !== undefined && { pollMs: databasePollMs }),
    onChange: () => {
      for (const name of nodes.items.keys()) queue.add(name)
    },
  })
  const locator = new NodeLocator({ client, events, nodes: nodes.items, databases })
  const queue = new WorkQueue({
    name: 'locator',
    concurrency: options.concurrency ?? 10,
    // A look-up fails for reasons that take a while to pass.
    minBackoffMs: 100,
    handler: (name, signal) => locator.sync(name, signal),
  })
  const untrack = trackNodes(() => nodes.items.values())
  nodes.start()
  return {
    nodes,
    async stop() {
      untrack()
      databases.close()
      await nodes.stop()
      await queue.stop()
    },
  }
}

/** A node's heartbeat changes its resourceVersion and nothing that matters here. */
function sameFacts(a: NodeFacts, b: NodeFacts): boolean {
  return isDeepStrictEqual({ ...a, resourceVersion: '' }, { ...b, resourceVersion: '' })
}
