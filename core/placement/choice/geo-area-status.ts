import type { KubeObject } from '../../admission/types.ts'
import { Refusal } from '../../refusal.ts'
import { type GeoArea, geoAreaOf } from './geo-area.ts'

interface Condition {
  readonly type: 'Ready'
  readonly status: 'True' | 'False'
  readonly reason: 'Read' | 'Invalid'
  readonly message: string
  readonly lastTransitionTime: string
  readonly observedGeneration: number
}

/** `status` of a GeoArea object. */
export interface GeoAreaStatus {
  readonly observedGeneration: number
  readonly nodes: number
  readonly vertices: number
  readonly conditions: readonly Condition[]
}

/** A GeoArea as stored: what it means, or why it means nothing. */
export interface StoredArea {
  readonly generation: number
  readonly meaning: GeoArea | { readonly problem: string }
  readonly status: GeoAreaStatus | undefined
}

/** What admission would refuse can have been stored past it; then no node is inside. */
export function storedArea(object: KubeObject): StoredArea {
  const generation = object.metadata.generation ?? 0
  const status = object['status'] as GeoAreaStatus | undefined
  try {
    return { generation, meaning: geoAreaOf(object), status }
  } catch (error) {
    if (error instanceof Refusal) return { generation, meaning: { problem: error.message }, status }
    throw error
  }
}

/** The status as it should be; `now` is RFC 3339. Undefined: it is so already. */
export function geoAreaStatus(
  { generation, meaning, status: was }: StoredArea,
  nodes: number,
  now: string,
): GeoAreaStatus | undefined {
  const good = 'problem' in meaning ? undefined : meaning
  const message =
    'problem' in meaning ? meaning.problem.slice(0, 1024) : `${nodes} nodes are inside`
  const status = good ? 'True' : 'False'
  const before = was?.conditions?.[0]
  const since = before?.status === status ? before.lastTransitionTime : now
  const vertices = good?.vertices ?? 0
  if (
    was?.observedGeneration === generation &&
    was.nodes === nodes &&
    was.vertices === vertices &&
    before?.status === status
  ) {
    return undefined
  }
  return {
    observedGeneration: generation,
    nodes,
    vertices,
    conditions: [
      {
        type: 'Ready',
        status,
        reason: good ? 'Read' : 'Invalid',
        message,
        lastTransitionTime: since,
        observedGeneration: generation,
      },
    ],
  }
}
