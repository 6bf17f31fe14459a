import { deepEqual } from '../equal.ts'
import { placementKeys, type Values, WRITTEN_BY_US } from './grammar/keys.ts'
import { PREFIX } from './labels.ts'
import type { Kind } from './types.ts'
import { type Fields, isFields, join, malformed, member, objectAt, refusal } from './untyped.ts'

/** A pod template (of a Pod: the object itself) with what is sure about it. */
export interface PodTemplate {
  readonly metadata: Fields
  readonly spec: Fields
  /** Path of the template from the object, for fields of refusals: `spec.template`, '' for a Pod. */
  readonly field: string
}

/** Where the pod template is in an object of a kind; for a Pod the object itself. */
export function templatePath(kind: Kind): readonly string[] {
  if (kind === 'Pod') return []
  return kind === 'CronJob' ? ['spec', 'jobTemplate', 'spec', 'template'] : ['spec', 'template']
}

/** The object at a path, undefined when a step of it is absent. Throws Refusal when a step is no object. */
function descend(object: unknown, path: readonly string[]): Fields | undefined {
  if (!isFields(object)) throw malformed('object', 'an object')
  let at: Fields | undefined = object
  for (const [depth, name] of path.entries())
    at = objectAt(at, name, path.slice(0, depth).join('.'))
  return at
}

/** The pod template of an untrusted object. Throws Refusal EDGENET_OBJECT_MALFORMED when it has none. */
export function podTemplate(kind: Kind, object: unknown): PodTemplate {
  const path = templatePath(kind)
  const field = path.join('.')
  const template = descend(object, path)
  const spec = objectAt(template, 'spec', field)
  if (!spec) throw malformed(join(field, 'spec'), 'a pod spec, but is missing')
  return { metadata: objectAt(template, 'metadata', field) ?? {}, spec, field }
}

/** Placement annotations with the field that they stand in. */
export interface Placed {
  readonly field: string
  readonly values: Values
}

const metadataPaths = (kind: Kind): (readonly string[])[] => {
  const own = ['metadata']
  if (kind === 'Pod') return [own]
  const template = [...templatePath(kind), 'metadata']
  return kind === 'CronJob' ? [own, ['spec', 'jobTemplate', 'metadata'], template] : [own, template]
}

/**
 * The placement annotations of a workload: its own, else those of its pod template (a CronJob: of its
 * job template, then of the pod template). Undefined when there are none. Throws Refusal when several
 * places carry some and they are not the same.
 */
export function placementAnnotations(kind: Kind, object: unknown): Placed | undefined {
  const found: Placed[] = []
  for (const path of metadataPaths(kind)) {
    const field = [...path, 'annotations'].join('.')
    const values = placementKeys(member(descend(object, path), 'annotations'), field)
    if (values.size > 0) found.push({ field, values })
  }
  const [first, ...others] = found
  for (const other of others) if (first) checkAgree(first, other)
  return first
}

function checkAgree(first: Placed, other: Placed): void {
  const keys = new Set([...first.values.keys(), ...other.values.keys()])
  const differ = [...keys].filter((key) => !deepEqual(first.values.get(key), other.values.get(key)))
  if (differ.length === 0) return
  const names = differ.map((key) => PREFIX + key).join(', ')
  throw refusal(
    'ANNOTATIONS_DIFFER',
    other.field,
    `${names} differ${differ.length === 1 ? 's' : ''} from ${first.field}; write placement in one place, best on the workload itself`,
  )
}

/** All annotations under our prefix that users write, wherever placement may stand; unchecked, to compare. */
export function rawAnnotations(kind: Kind, object: unknown): unknown[] {
  return metadataPaths(kind).map((path) => {
    let at: unknown = object
    for (const name of [...path, 'annotations']) at = isFields(at) ? member(at, name) : undefined
    const ours = isFields(at) ? Object.entries(at) : []
    return Object.fromEntries(
      ours.filter(([name]) => name.startsWith(PREFIX) && !WRITTEN_BY_US.has(name)),
    )
  })
}

/**
 * How many pods of a workload run at a time: replicas, or the parallelism of a Job; undefined for a
 * DaemonSet and a Pod. The API server's default is 1.
 */
export function replicasOf(kind: Kind, object: unknown): number | undefined {
  if (kind === 'Pod' || kind === 'DaemonSet') return undefined
  const path = kind === 'CronJob' ? ['spec', 'jobTemplate', 'spec'] : ['spec']
  const count = member(descend(object, path), kind.endsWith('Job') ? 'parallelism' : 'replicas')
  return typeof count === 'number' ? count : 1
}
