import type { KubeObject } from '../admission/types.ts'
import { type Fields, isFields, member } from '../placement/untyped.ts'

/** What is kept of a node's Lease in kube-node-lease. */
export interface NodeLease {
  /** Differs whenever the lease was renewed. Never compared with a clock: kubelets' clocks are not ours. */
  readonly renewal: string
  /** How long the lease says that it is valid, in ms. */
  readonly durationMs: number
}

/** kubelet's default nodeLeaseDurationSeconds. */
const DEFAULT_SECONDS = 40

/** A kubelet renews four times in a duration; below 4 s, jitter of a busy machine looks like a loss. */
const MIN_SECONDS = 4

/** A kubelet writes its own lease, so it may say anything; a longer one is left to the node controller. */
const MAX_SECONDS = 3600

/** Projects a Lease, of whatever content. */
export function nodeLease(object: KubeObject): NodeLease {
  const spec = isFields(object['spec']) ? object['spec'] : {}
  const duration = member(spec, 'leaseDurationSeconds')
  const seconds = typeof duration === 'number' && duration > 0 ? duration : DEFAULT_SECONDS
  return {
    renewal: `${text(spec, 'holderIdentity')} ${text(spec, 'renewTime')}`,
    durationMs: Math.min(MAX_SECONDS, Math.max(MIN_SECONDS, seconds)) * 1000,
  }
}

function text(spec: Fields, name: string): string {
  const value = member(spec, name)
  return typeof value === 'string' ? value : ''
}
