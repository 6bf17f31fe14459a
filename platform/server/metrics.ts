import { Counter, Gauge, Histogram } from 'prom-client'
import { registry } from '../metrics.ts'

const registers = [registry]

/** Answers. `code` is the refusal's code, empty when allowed. */
export const requestsTotal = new Counter({
  name: 'edgenet_admission_requests_total',
  help: 'Admission requests answered, by hook, operation, verdict and code of the refusal',
  labelNames: ['hook', 'operation', 'allowed', 'code'] as const,
  registers,
})

/** From the parsed request to the rendered answer. Steps are finest where the target of 5 ms lies. */
export const requestSeconds = new Histogram({
  name: 'edgenet_admission_seconds',
  help: 'Time to decide one admission request, in seconds',
  labelNames: ['hook'] as const,
  buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5, 10],
  registers,
})

export const requestsInFlight = new Gauge({
  name: 'edgenet_admission_in_flight',
  help: 'Admission requests being decided now',
  labelNames: ['hook'] as const,
  registers,
})

/** Not refusals: hooks that threw, ran late or answered nonsense. */
export const errorsTotal = new Counter({
  name: 'edgenet_admission_errors_total',
  help: 'Admission requests in which the hook itself failed',
  labelNames: ['hook'] as const,
  registers,
})

export const certNotAfter = new Gauge({
  name: 'edgenet_cert_not_after_seconds',
  help: 'When the serving certificate (or one of its chain) expires, in Unix seconds',
  labelNames: ['file'] as const,
  registers,
})

export const certReloads = new Counter({
  name: 'edgenet_cert_reloads_total',
  help: 'Changes of the certificate files, by whether the new pair could be used',
  labelNames: ['file', 'result'] as const,
  registers,
})

export const unhandledRejections = new Counter({
  name: 'edgenet_unhandled_rejections_total',
  help: 'Promises that failed with nobody waiting for them: each is a bug',
  registers,
})
