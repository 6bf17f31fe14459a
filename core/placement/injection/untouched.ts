import type { KubeObject } from '../../admission/types.ts'
import { deepEqual } from '../../equal.ts'
import type { Kind } from '../types.ts'
import { rawAnnotations } from '../workload.ts'

/** Whether two states of an object have the same `spec`. */
export const sameSpec = (object: KubeObject, oldObject: KubeObject): boolean =>
  deepEqual(object['spec'], oldObject['spec'])

/**
 * Whether an update changes neither placement nor spec. What is stored was right by the rules of its
 * time, so an edit of something else is no occasion to refuse it.
 */
export function isUntouched(
  kind: Kind,
  object: KubeObject,
  oldObject: KubeObject | null | undefined,
): boolean {
  return (
    !!oldObject &&
    sameSpec(object, oldObject) &&
    deepEqual(rawAnnotations(kind, object), rawAnnotations(kind, oldObject))
  )
}
