import { Counter, Gauge } from 'prom-client'
import { registry } from '../../platform/metrics.ts'

export const labelWrites = new Counter({
  name: 'edgenet_placement_node_label_writes_total',
  help: 'PATCH requests that set or took off placement labels of a node',
  registers: [registry],
})

export const moves = new Counter({
  name: 'edgenet_placement_moves_total',
  help: 'Nodes of counted rows that were replaced, by reason',
  labelNames: ['reason'],
  registers: [registry],
})

export const placedWorkloads = new Gauge({
  name: 'edgenet_placement_workloads',
  help: 'Workloads with placement annotations',
  registers: [registry],
})

export const shortWorkloads = new Gauge({
  name: 'edgenet_placement_workloads_short',
  help: 'Workloads for which fewer nodes could be chosen than they ask for',
  registers: [registry],
})
