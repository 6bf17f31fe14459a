import type { Hook } from '../core/admission/hook.ts'
import type { AdmissionRequest, Verdict } from '../core/admission/types.ts'
import { allow, deny } from '../core/admission/verdicts.ts'
import { checkAreaName, geoAreaOf } from '../core/placement/choice/geo-area.ts'
import { sameSpec } from '../core/placement/injection/untouched.ts'
import type { Caps } from './caps.ts'
import { geoArea as declaration } from './geo-area.declaration.ts'
import type { View } from './view.ts'

/** Refuses a GeoArea that means nothing, and the deletion of one that workloads refer to. */
export function geoAreaHook(view: View, caps: Caps): Hook {
  return {
    ...declaration,
    onError: 'deny',
    async decide(request, { signal }) {
      await view.whenSynced(signal)
      return request.operation === 'DELETE' ? remove(request, caps) : keep(request, view)
    },
  }
}

function keep({ object, oldObject }: AdmissionRequest, view: View): Verdict {
  // What is stored was right by the rules of its time; nothing may stand in the way of finalizers.
  if (!object || (oldObject && sameSpec(object, oldObject))) return allow()
  if (!oldObject) checkAreaName(object.metadata.name ?? '')
  const area = geoAreaOf(object)
  return allow(
    [],
    [`${view.countNodes(area)} of ${view.nodes.views.size} nodes are in ${area.name} now`],
  )
}

/** Without the area its workloads could not be scheduled again. */
function remove({ name, oldObject }: AdmissionRequest, caps: Caps): Verdict {
  const area = name || oldObject?.metadata.name || ''
  const users = caps.usersOf(area)
  if (users.length === 0) return allow()
  const shown = users.slice(0, 5).join(', ') + (users.length > 5 ? ', ...' : '')
  const many = users.length > 1
  return deny(
    409,
    'EDGENET_AREA_IN_USE',
    `GeoArea ${area} is used by ${users.length} workload${many ? 's' : ''} (Placement${many ? 's' : ''} ${shown}): change or delete ${many ? 'them' : 'it'} first`,
    'metadata.name',
  )
}
