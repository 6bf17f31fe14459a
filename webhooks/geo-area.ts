import type { Hook } from '../core/admission/hook.ts'
import type { AdmissionRequest, Verdict } from '../core/admission/types.ts'
import { allow, deny } from '../core/admission/verdicts.ts'
import { geoAreaOf } from '../core/placement/choice/geo-area.ts'
import { geoArea as declaration } from './geo-area.declaration.ts'
import type { View } from './view.ts'

/** Refuses a GeoArea that means nothing, and the deletion of one that workloads refer to. */
export function geoAreaHook(view: View): Hook {
  return {
    ...declaration,
    onError: 'deny',
    decide: (request) =>
      request.operation === 'DELETE' ? remove(request, view) : keep(request, view),
  }
}

function keep({ object }: AdmissionRequest, view: View): Verdict {
  if (!object) return allow()
  const area = geoAreaOf(object)
  return allow(
    [],
    [`${view.countNodes(area)} of ${view.nodes.views.size} nodes are in ${area.name} now`],
  )
}

/** Without the area its workloads could not be scheduled again. */
function remove(request: AdmissionRequest, view: View): Verdict {
  const name = request.name ?? request.oldObject?.metadata.name ?? ''
  const users = [...view.usage].filter(([, { areas }]) => areas.has(name)).map(([key]) => key)
  if (users.length === 0) return allow()
  const shown = users.slice(0, 5).join(', ') + (users.length > 5 ? ', ...' : '')
  const many = users.length > 1
  return deny(
    409,
    'EDGENET_AREA_IN_USE',
    `GeoArea ${name} is used by ${users.length} workload${many ? 's' : ''} (Placement${many ? 's' : ''} ${shown}): change or delete ${many ? 'them' : 'it'} first`,
    'metadata.name',
  )
}
