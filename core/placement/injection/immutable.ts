import { deepEqual } from '../../equal.ts'
import { selectionOf, storedSelection } from '../grammar/annotations.ts'
import type { Limits } from '../limits.ts'
import type { Kind } from '../types.ts'
import { isFields, member, refusal } from '../untyped.ts'
import { rawAnnotations } from '../workload.ts'
import { sameRows } from './identity.ts'

/** An update of a workload. */
export interface Update {
  readonly kind: Kind
  readonly object: unknown
  readonly oldObject: unknown
  readonly limits?: Limits
}

/** Whether Kubernetes lets the affinity of the stored object change: not of Pods, nor of Jobs that ran. */
export function isMutable(kind: Kind, oldObject: unknown): boolean {
  if (kind === 'Pod') return false
  if (kind !== 'Job') return true
  const part = (name: string) => {
    const value = isFields(oldObject) ? member(oldObject, name) : undefined
    return isFields(value) ? value : {}
  }
  return (
    member(part('spec'), 'suspend') === true && member(part('status'), 'startTime') === undefined
  )
}

/**
 * Throws Refusal EDGENET_PLACEMENT_IMMUTABLE when the annotations of an object whose affinity cannot
 * change ask for other rows than before. Another number of nodes is no other row.
 */
export function checkImmutable({ kind, object, oldObject, limits }: Update): void {
  if (deepEqual(rawAnnotations(kind, object), rawAnnotations(kind, oldObject))) return
  const wanted = selectionOf(kind, object, limits)?.rows ?? []
  const had = storedSelection(kind, oldObject, limits)
  if (had !== 'unreadable' && sameRows(wanted, had?.rows ?? [])) return
  throw refusal(
    'PLACEMENT_IMMUTABLE',
    'metadata.annotations',
    kind === 'Job'
      ? 'the placement of a Job cannot change unless it is suspended and has never started; delete the Job and create it again'
      : 'the placement of a Pod cannot change; delete the Pod and create it again, or use a Deployment',
  )
}
