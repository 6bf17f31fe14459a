import { Counter, Gauge, Histogram } from 'prom-client'
import { registry } from '../../platform/metrics.ts'

const registers = [registry]

export const lostNodes = new Gauge({
  name: 'edgenet_healing_lost_nodes',
  help: 'Nodes that are declared lost now',
  registers,
})

export const frozenNodes = new Gauge({
  name: 'edgenet_healing_frozen',
  help: 'Nodes that cannot be seen to be alive and are not acted upon, because too many vanished together',
  registers,
})

export const detectionSeconds = new Histogram({
  name: 'edgenet_healing_detection_seconds',
  help: 'From the last sign of life of a node to the decision that it is lost, by reason',
  labelNames: ['reason'],
  buckets: [1, 5, 8, 8.5, 9, 10, 15, 20, 30, 40, 40.5, 41, 45, 60, 120, 300],
  registers,
})

export const recoveries = new Counter({
  name: 'edgenet_healing_recoveries_total',
  help: 'Lost nodes that came back',
  registers,
})

export const deletedPods = new Counter({
  name: 'edgenet_healing_deleted_pods_total',
  help: 'Pods of lost nodes that were deleted, by kind of the workload and whether by force',
  labelNames: ['kind', 'forced'],
  registers,
})
