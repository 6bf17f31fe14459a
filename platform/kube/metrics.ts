import { Counter, Gauge, Histogram } from 'prom-client'
import { registry } from '../metrics.ts'

const registers = [registry]

export const apiRequests = new Counter({
  name: 'edgenet_api_requests_total',
  help: 'Answers of the API server, retries counted one by one; code "error": no answer came',
  labelNames: ['verb', 'resource', 'code'],
  registers,
})

export const reflectorObjects = new Gauge({
  name: 'edgenet_reflector_objects',
  help: 'Objects kept by a reflector',
  labelNames: ['name'],
  registers,
})

export const reflectorRelists = new Counter({
  name: 'edgenet_reflector_relists_total',
  help: 'Complete lists that a reflector has made, the first one included',
  labelNames: ['name'],
  registers,
})

export const reflectorErrors = new Counter({
  name: 'edgenet_reflector_watch_errors_total',
  help: 'Lists and watches that ended with an error, the watchdog included',
  labelNames: ['name'],
  registers,
})

export const reflectorHandlerErrors = new Counter({
  name: 'edgenet_reflector_handler_errors_total',
  help: 'Exceptions of project, equal and onChange; the stream went on',
  labelNames: ['name'],
  registers,
})

const contacts = new Map<string, () => number>()

/** The reflector's silence in seconds, read when metrics are collected. Returns the way to stop it. */
export function trackContact(name: string, seconds: () => number): () => void {
  contacts.set(name, seconds)
  return () => {
    if (contacts.get(name) === seconds) contacts.delete(name)
  }
}

new Gauge({
  name: 'edgenet_reflector_last_contact_seconds',
  help: 'Seconds since the last byte from the API server, bookmarks included',
  labelNames: ['name'],
  registers,
  collect() {
    this.reset()
    for (const [name, seconds] of contacts) this.set({ name }, seconds())
  },
})

export const queueDepth = new Gauge({
  name: 'edgenet_queue_depth',
  help: 'Keys that wait for a free worker',
  labelNames: ['name'],
  registers,
})

export const queueAdds = new Counter({
  name: 'edgenet_queue_adds_total',
  help: 'Keys that were added, those already waiting not counted',
  labelNames: ['name'],
  registers,
})

export const queueRuns = new Counter({
  name: 'edgenet_queue_runs_total',
  help: 'Finished runs of the handler by result: ok, again, retry, dropped',
  labelNames: ['name', 'result'],
  registers,
})

export const queueSeconds = new Histogram({
  name: 'edgenet_queue_work_seconds',
  help: 'Time that one run of the handler took',
  labelNames: ['name'],
  buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  registers,
})

export const leader = new Gauge({
  name: 'edgenet_lease_leader',
  help: '1 while this process leads',
  labelNames: ['name'],
  registers,
})

export const eventsTotal = new Counter({
  name: 'edgenet_events_total',
  help: 'Kubernetes events by result: created, repeated, dropped, failed',
  labelNames: ['result'],
  registers,
})
