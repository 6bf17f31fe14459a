import { parseQuantity } from '../quantity.ts'
import { readAffinity } from './injection/affinity.ts'
import { specState } from './injection/template.ts'
import { byMarker, withdraw } from './injection/withdraw.ts'
import type { Marker, PodDemand, Resources, Toleration } from './types.ts'
import {
  type Fields,
  isFields,
  join,
  listAt,
  malformed,
  member,
  objectAt,
  quote,
  refusal,
} from './untyped.ts'

type Amounts = ReadonlyMap<string, number>

/**
 * What pods of an untrusted spec demand of a node. `marker` says what admission put into it, which is
 * not the user's demand and is left out. Throws Refusal.
 */
export function demandOf(spec: Fields, marker?: Marker, field = 'spec'): PodDemand {
  const { affinity } = withdraw(specState(spec, field), marker && byMarker(marker))
  const { terms } = readAffinity({ affinity }, field)
  const nodeName = member(spec, 'nodeName')
  return {
    requests: requestsOf(spec, field),
    tolerations: (listAt(spec, 'tolerations', field) ?? []).map(
      (each) => strings(each) as Toleration,
    ),
    nodeSelector: strings(member(spec, 'nodeSelector')),
    ...(terms && { affinity: terms }),
    ...(typeof nodeName === 'string' && nodeName !== '' && { nodeName }),
  }
}

/** The members of an untrusted object that are texts. */
function strings(value: unknown): Record<string, string> {
  const entries = isFields(value) ? Object.entries(value) : []
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}

/**
 * What the scheduler counts for a pod: its containers and sidecars together, or the most that starting
 * takes (each init container runs beside the sidecars before it), whichever is more; where the pod as a
 * whole has a request that counts instead; and the overhead.
 */
function requestsOf(spec: Fields, field: string): Resources {
  let running: Amounts = sum(
    containersOf(spec, 'containers', field).map(({ requests }) => requests),
  )
  let sidecars: Amounts = new Map()
  let starting: Amounts = new Map()
  for (const { requests, sidecar } of containersOf(spec, 'initContainers', field)) {
    const now = sum([requests, sidecars])
    if (sidecar) sidecars = now
    starting = most(starting, now)
  }
  running = sum([running, sidecars])
  const ofContainers = most(running, starting)
  const whole = podLevel(spec, field, ofContainers)
  const overhead = amountsAt(spec, 'overhead', field)
  return Object.fromEntries([...sum([whole, overhead])].filter(([, amount]) => amount > 0))
}

interface Container {
  readonly requests: Amounts
  /** An init container that runs on beside the others. */
  readonly sidecar: boolean
}

function containersOf(spec: Fields, name: string, field: string): Container[] {
  return (listAt(spec, name, field) ?? []).map((container, i) => {
    const at = `${join(field, name)}[${i}]`
    if (!isFields(container)) throw malformed(at, 'an object')
    const { requests, limits } = resourcesAt(container, at)
    // Kubernetes fills requests from limits in pods, and not yet in templates.
    return {
      requests: new Map([...limits, ...requests]),
      sidecar: member(container, 'restartPolicy') === 'Always',
    }
  })
}

/** Requests of the pod as a whole stand above those of its containers, its limits only where none are. */
function podLevel(spec: Fields, field: string, ofContainers: Amounts): Amounts {
  const { requests, limits } = resourcesAt(spec, field)
  return new Map([...limits, ...ofContainers, ...requests])
}

function resourcesAt(fields: Fields, field: string): { requests: Amounts; limits: Amounts } {
  const resources = objectAt(fields, 'resources', field)
  const at = join(field, 'resources')
  return {
    requests: amountsAt(resources, 'requests', at),
    limits: amountsAt(resources, 'limits', at),
  }
}

function amountsAt(fields: Fields | undefined, name: string, field: string): Amounts {
  const quantities = objectAt(fields, name, field) ?? {}
  return new Map(
    Object.entries(quantities).map(([resource, quantity]) => {
      const amount = parseQuantity(quantity, resource)
      if (amount !== undefined && amount >= 0) return [resource, amount]
      throw refusal(
        'QUANTITY_INVALID',
        `${join(field, name)}[${resource.slice(0, 80)}]`,
        `${quote(String(JSON.stringify(quantity) ?? ''))} is no amount; write it like 250m, 1.5 or 2Gi`,
      )
    }),
  )
}

function sum(list: readonly Amounts[]): Amounts {
  const total = new Map<string, number>()
  for (const amounts of list) {
    for (const [name, amount] of amounts) total.set(name, (total.get(name) ?? 0) + amount)
  }
  return total
}

function most(a: Amounts, b: Amounts): Amounts {
  const names = new Set([...a.keys(), ...b.keys()])
  return new Map([...names].map((name) => [name, Math.max(a.get(name) ?? 0, b.get(name) ?? 0)]))
}
