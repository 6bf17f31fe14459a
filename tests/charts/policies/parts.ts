import { MARKER } from '../../../core/placement/labels.ts'
import { required } from '../workloads.ts'
import { RESTRICTED } from './world.ts'

export const OURS = {
  matchExpressions: [{ key: 'edge-net.io/country-iso', operator: 'In' as const, values: ['FR'] }],
}
export const AREA = {
  matchExpressions: [{ key: `${RESTRICTED}/area-eu`, operator: 'Exists' as const }],
}
export const THEIRS = {
  matchExpressions: [{ key: 'disk', operator: 'In' as const, values: ['ssd'] }],
}
export const FIELDS = {
  matchFields: [{ key: 'metadata.name', operator: 'In' as const, values: ['a'] }],
}
export const BOTH = { matchExpressions: [...THEIRS.matchExpressions, ...OURS.matchExpressions] }
export const ASK = { 'edge-net.io/country': 'FR' }
export const DONE = { [MARKER]: '{"v":1}' }
export const bound = { template: DONE, affinity: required(OURS) }
