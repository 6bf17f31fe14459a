import type { Hook } from '../core/admission/hook.ts'
import { geoAreaHook } from './geo-area.ts'
import { placementHook } from './placement.ts'
import type { View } from './view.ts'

/** The hooks of hooks.ts with what they need to decide. */
export const createHooks = (view: View): readonly Hook[] => [placementHook(view), geoAreaHook(view)]
