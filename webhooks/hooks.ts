import type { HookDeclaration } from '../core/admission/hook.ts'
import { geoArea } from './geo-area.declaration.ts'
import { placement } from './placement.declaration.ts'

/** Every hook there is: the server serves these, and the chart's configurations are generated from them. */
export const declarations: readonly HookDeclaration[] = [placement, geoArea]
