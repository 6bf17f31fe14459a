import { type Edit, patchOf } from '../../admission/patch.ts'
import type { KubeObject, PatchOp } from '../../admission/types.ts'
import { Refusal } from '../../refusal.ts'
import { selectionOf } from '../grammar/annotations.ts'
import { MARKER } from '../labels.ts'
import { LIMITS, type Limits } from '../limits.ts'
import type { Kind, Selection } from '../types.ts'
import { templatePath } from '../workload.ts'
import { identityOf, type Naming } from './identity.ts'
import { checkImmutable, isMutable } from './immutable.ts'
import { clear, type Injection, place } from './place.ts'
import { templateState } from './template.ts'
import { isUntouched } from './untouched.ts'

/** A workload that is to be stored; `uid` is the admission request's. */
export interface InjectRequest extends Naming {
  readonly operation: 'CREATE' | 'UPDATE'
  readonly object: KubeObject
  /** What is stored now; null at CREATE. */
  readonly oldObject: KubeObject | null
  readonly limits?: Limits
  /** What the object's annotations ask for, when that has been read already. */
  readonly selection?: Selection | undefined
}

/**
 * What the annotations of a workload make of its pod template; undefined: it stays as it is. Pure: the
 * same request has the same answer, and after an answer has been applied there is none. To be asked
 * only for objects that no controller makes (controllerMade). Throws Refusal.
 */
export function inject(request: InjectRequest): Injection | undefined {
  return request.operation === 'CREATE' ? atCreate(request) : atUpdate(request)
}

function atCreate(request: InjectRequest): Injection | undefined {
  const { kind, object, limits = LIMITS } = request
  const selection = request.selection ?? selectionOf(kind, object, limits)
  // A CronJob's Job carries the marker of its template, but no annotations: it is left as it is.
  if (!selection) return undefined
  const next = templateState(kind, object)
  const identity = identityOf(request, request.name ? undefined : next.marker)
  return place({ kind, object, next }, selection, identity, limits)
}

function atUpdate(request: InjectRequest): Injection | undefined {
  const { kind, object, oldObject, limits = LIMITS } = request
  // Nothing may stand in the way of finalizers. Of the stored object: a client may leave it out.
  if (oldObject?.metadata.deletionTimestamp !== undefined) return undefined
  if (!isMutable(kind, oldObject)) {
    checkImmutable({ kind, object, oldObject, limits })
    return undefined
  }
  try {
    const selection = request.selection ?? selectionOf(kind, object, limits)
    const next = templateState(kind, object)
    const template = templateState(kind, oldObject)
    const templates = { kind, object, next, stored: { object: oldObject, template } }
    if (!selection) return clear(templates)
    const generateName = oldObject?.metadata.generateName
    return place(
      templates,
      selection,
      identityOf({ ...request, generateName }, template.marker),
      limits,
    )
  } catch (error) {
    if (error instanceof Refusal && isUntouched(kind, object, oldObject)) return undefined
    throw error
  }
}

/** What must be written so that an injection is in the object that it was made for. */
export function injectionEdits(kind: Kind, injection: Injection): Edit[] {
  const template = templatePath(kind)
  const { affinity, topologySpreadConstraints, marker } = injection
  return [
    { path: [...template, 'spec', 'affinity'], value: affinity },
    { path: [...template, 'spec', 'topologySpreadConstraints'], value: topologySpreadConstraints },
    { path: [...template, 'metadata', 'annotations', MARKER], value: marker },
  ]
}

/** The same as a JSON Patch. */
export function injectionPatch(kind: Kind, object: unknown, injection: Injection): PatchOp[] {
  return patchOf(object, injectionEdits(kind, injection))
}
