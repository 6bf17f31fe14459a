import type { OnNodeLoss } from '../placement/types.ts'

/** What happens to one pod of a lost node. */
export type PodAction =
  /** An ordinary delete: the object stays until the kubelet answers or the node is fenced. */
  | 'delete'
  /** Taken out of the store at once, whatever still runs. */
  | 'force'
  /** It stays until it is proven that it runs no more. */
  | 'wait'
  /** None of our business, or nothing to be done any more. */
  | 'leave'

export interface LostPod {
  /** Kind of its controller; undefined: a bare pod. */
  readonly owner: string | undefined
  /** It has been deleted, and its kubelet has not said that it ended. */
  readonly terminating: boolean
}

export interface PodRule {
  readonly policy: OnNodeLoss
  /** Nothing can run on the node any more (verdict.ts). */
  readonly fenced: boolean
  /** Another node of the area can take the pod. */
  readonly elsewhere: boolean
}

/** Pods of these are made anew by their controller; a DaemonSet's follow the label, bare ones are the user's. */
const REPLACED: readonly (string | undefined)[] = ['ReplicaSet', 'Job', 'StatefulSet']

/**
 * A ReplicaSet does not count a pod that is being deleted, so an ordinary delete is enough to have it
 * replaced at once. A StatefulSet waits until the object is gone: that takes force, and force takes
 * proof or the user's word, else two pods could run under one identity.
 */
export function podAction(
  { owner, terminating }: LostPod,
  { policy, fenced, elsewhere }: PodRule,
): PodAction {
  if (!REPLACED.includes(owner) || !elsewhere) return 'leave'
  const single = owner === 'StatefulSet'
  if (policy === 'force' || (single && fenced)) return 'force'
  if (policy === 'wait' && !fenced) return 'wait'
  if (terminating) return single ? 'wait' : 'leave'
  return 'delete'
}
