import { Counter, Gauge } from 'prom-client'
import type { NodeFacts } from '../../core/location/node-facts.ts'
import { PREFIX } from '../../core/placement/labels.ts'
import { registry } from '../../platform/metrics.ts'

const registers = [registry]

export const databaseLoaded = new Gauge({
  name: 'edgenet_geodb_loaded',
  help: '1 while an IP database is in use, 0 while there is none at this path that can be used',
  labelNames: ['file'],
  registers,
})

/** Build dates of the databases in use, by file. */
export const databaseBuilds = new Map<string, Date>()

export const databaseAge = new Gauge({
  name: 'edgenet_geodb_build_age_seconds',
  help: 'Time since the IP database in use was built',
  labelNames: ['file'],
  registers,
  collect() {
    this.reset()
    for (const [file, builtAt] of databaseBuilds) {
      this.set({ file }, (Date.now() - builtAt.getTime()) / 1000)
    }
  },
})

export const databaseRefusals = new Counter({
  name: 'edgenet_geodb_refused_total',
  help: 'Database files that were not taken: half-written, damaged, or without places',
  labelNames: ['file'],
  registers,
})

export const locatorWrites = new Counter({
  name: 'edgenet_locator_writes_total',
  help: 'Writes to Nodes: labels, condition',
  labelNames: ['what'],
  registers,
})

type Nodes = () => Iterable<NodeFacts>
const tracked = new Set<Nodes>()

/** Counts these nodes by source at each scrape, until the returned function is called. */
export function trackNodes(nodes: Nodes): () => void {
  tracked.add(nodes)
  return () => tracked.delete(nodes)
}

export const locatedNodes = new Gauge({
  name: 'edgenet_located_nodes',
  help: 'Nodes by the source of their place; "none": not located and in no selection',
  labelNames: ['source'],
  registers,
  collect() {
    this.reset()
    for (const nodes of tracked) {
      for (const { labels } of nodes()) {
        this.inc({ source: labels[`${PREFIX}location-source`] ?? 'none' })
      }
    }
  },
})
