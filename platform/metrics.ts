import { Registry } from 'prom-client'

/** The process' metrics, served on /metrics. Names begin with `edgenet_`. */
export const registry = new Registry()
