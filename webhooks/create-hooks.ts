import type { Hook } from '../core/admission/hook.ts'
import { Caps } from './caps.ts'
import { geoAreaHook } from './geo-area.ts'
import { placementHook } from './placement.ts'
import type { View } from './view.ts'

/** The hooks of hooks.ts with what they need to decide. */
export function createHooks(view: View): readonly Hook[] {
  const caps = new Caps(view)
  return [placementHook(view, caps), geoAreaHook(view, caps)]
}
