import { deepEqual } from '../../equal.ts'
import type { Kind, Selection, SpreadConstraint } from '../types.ts'
import { isFields, member } from '../untyped.ts'

export const HOSTNAME = 'kubernetes.io/hostname'
const DO_NOT_SCHEDULE = 'DoNotSchedule'

/** Labels whose value is the same for the pods that belong together, and for no others. */
const GENERATION: ReadonlyMap<Kind, string> = new Map([
  ['Deployment', 'pod-template-hash'],
  ['Job', 'batch.kubernetes.io/controller-uid'],
  ['CronJob', 'batch.kubernetes.io/controller-uid'],
])
const SPREAD_KINDS: ReadonlySet<Kind> = new Set([
  'Deployment',
  'ReplicaSet',
  'StatefulSet',
  'Job',
  'CronJob',
])

/**
 * The constraint that puts one pod on each chosen node before a second one: for counted rows of kinds
 * that make several pods, unless the user has one for the same (topologyKey, whenUnsatisfiable) pair,
 * of which the API allows one. With `strict` the pods beyond the nodes that there are wait (minDomains).
 */
export function spreadFor(
  kind: Kind,
  object: unknown,
  { rows, spread }: Selection,
  own: readonly unknown[],
): SpreadConstraint[] {
  const counts = rows.flatMap(({ nodes }) => nodes ?? [])
  if (!SPREAD_KINDS.has(kind) || spread === 'none' || counts.length === 0) return []
  if (own.some(isSamePair)) return []
  const generation = GENERATION.get(kind)
  // Beside a row without a count nobody can say how many nodes there should be.
  const strict = spread === 'strict' && counts.length === rows.length
  return [
    {
      maxSkew: 1,
      topologyKey: HOSTNAME,
      whenUnsatisfiable: DO_NOT_SCHEDULE,
      ...(strict && { minDomains: counts.reduce((sum, count) => sum + count, 0) }),
      // By default a lost, tainted node counts as an empty domain and blocks scheduling.
      nodeTaintsPolicy: 'Honor',
      labelSelector: selectorOf(kind, object),
      ...(generation !== undefined && { matchLabelKeys: [generation] }),
    },
  ]
}

/** The workload's own selector; a Job's is made by its controller, matchLabelKeys stands in for it. */
function selectorOf(kind: Kind, object: unknown): Record<string, unknown> {
  if (kind === 'Job' || kind === 'CronJob' || !isFields(object)) return {}
  const spec = member(object, 'spec')
  const selector = isFields(spec) ? member(spec, 'selector') : undefined
  return isFields(selector) ? structuredClone(selector) : {}
}

function isSamePair(constraint: unknown): boolean {
  return (
    isFields(constraint) &&
    member(constraint, 'topologyKey') === HOSTNAME &&
    member(constraint, 'whenUnsatisfiable') === DO_NOT_SCHEDULE
  )
}

/** The constraints without those of the marker, each of which is taken out once. */
export function ownSpread(
  all: readonly unknown[],
  injected: readonly SpreadConstraint[],
): unknown[] {
  const rest = [...all]
  for (const constraint of injected) {
    const at = rest.findLastIndex((each) => deepEqual(each, constraint))
    if (at >= 0) rest.splice(at, 1)
  }
  return rest
}

/** Whether two wishes are the same, whatever else a version of EdgeNet writes into a constraint. */
export function sameSpread(
  a: readonly SpreadConstraint[],
  b: readonly SpreadConstraint[],
): boolean {
  const wish = (list: readonly SpreadConstraint[]) =>
    list.map((each) => [each.topologyKey, each.whenUnsatisfiable, each.minDomains ?? null])
  return deepEqual(wish(a), wish(b))
}

/** Whether all of the marker's constraints are in a list. */
export const holdsSpread = (
  all: readonly unknown[],
  injected: readonly SpreadConstraint[],
): boolean => ownSpread(all, injected).length === all.length - injected.length
