import {
  CONDITION,
  type Condition,
  type Labels,
  type NodeFacts,
  PROVENANCE_ANNOTATION,
} from './node-facts.ts'
import type { Settled } from './settle.ts'

/** Changes of a merge patch: a text is set, null is removed. */
export type Changes = Readonly<Record<string, string | null>>

/** What takes a node's geo labels from `current` to `wanted`; undefined: nothing. */
export function labelPatch(current: Labels, wanted: Labels): Changes | undefined {
  const changes: Record<string, string | null> = {}
  for (const name of Object.keys(current)) if (wanted[name] === undefined) changes[name] = null
  for (const [name, value] of Object.entries(wanted)) {
    if (current[name] !== value) changes[name] = value
  }
  return Object.keys(changes).length === 0 ? undefined : changes
}

/** Merge patch of the Node; its uid makes it fail on a node that was made anew under the same name. */
export function metadataPatch(node: NodeFacts, settled: Settled): object | undefined {
  const labels = labelPatch(node.labels, settled.labels)
  const annotations =
    node.provenance === settled.provenance
      ? undefined
      : { [PROVENANCE_ANNOTATION]: settled.provenance ?? null }
  if (!labels && !annotations) return undefined
  return {
    metadata: { uid: node.uid, ...(labels && { labels }), ...(annotations && { annotations }) },
  }
}

/**
 * Strategic merge patch of the Node's status: conditions are merged by type, so the kubelet's are not
 * touched. `now` is an RFC 3339 time; it becomes the time of the transition if there is one.
 */
export function conditionPatch(
  node: NodeFacts,
  wanted: Condition,
  now: string,
): object | undefined {
  const current = node.condition
  const same = current?.status === wanted.status
  if (same && current.reason === wanted.reason && current.message === wanted.message)
    return undefined
  const lastTransitionTime = (same && current.lastTransitionTime) || now
  return {
    metadata: { uid: node.uid },
    status: {
      conditions: [{ type: CONDITION, ...wanted, lastTransitionTime, lastHeartbeatTime: now }],
    },
  }
}
