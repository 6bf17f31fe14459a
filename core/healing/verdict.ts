import type { Loss, LossReason } from './loss.ts'

/** What is seen of one node. Times in ms of our monotonic clock. */
export interface Signals {
  /** Its Node object is there. */
  readonly exists: boolean
  /** Since when it is not; only when it does not exist. */
  readonly goneSinceMs?: number
  /** Of its condition Ready, and since when we see that. */
  readonly ready: 'True' | 'False' | 'Unknown'
  readonly readySinceMs: number
  readonly outOfService: boolean
  readonly leaseOverdue: boolean
  /** When its lease was last seen to change; undefined: it has none. */
  readonly leaseSeenMs: number | undefined
  /** Declared lost before we began, and not seen alive since. */
  readonly awaitsFirstRenewal: boolean
  /** Placed pods or choices are on it. A node without any has nothing to lose: it may be joining. */
  readonly inUse: boolean
  /** The loss that was recorded for it. */
  readonly recorded: Loss | undefined
}

/** How long each state is borne, in ms. */
export interface Patience {
  readonly notReadyMs: number
  readonly unreachableMs: number
  readonly deletedMs: number
}

export interface Verdict {
  readonly loss?: { readonly reason: LossReason; readonly sinceMs: number }
  /** When to look again though nothing changes. */
  readonly againMs?: number
}

/** Whether a node is lost. The first that holds: deleted, out of service, lease, readiness. */
export function judge(signals: Signals, patience: Patience, nowMs: number): Verdict {
  const { exists, goneSinceMs = nowMs, outOfService, leaseOverdue, leaseSeenMs } = signals
  if (!exists) return after('Deleted', goneSinceMs, patience.deletedMs, nowMs)
  if (outOfService) return { loss: { reason: 'OutOfService', sinceMs: leaseSeenMs ?? nowMs } }
  if (leaseOverdue) return { loss: { reason: 'LeaseExpired', sinceMs: leaseSeenMs ?? nowMs } }
  const readiness = judgeReadiness(signals, patience, nowMs)
  if (readiness.loss) return readiness
  const { recorded, awaitsFirstRenewal } = signals
  if (recorded && (awaitsFirstRenewal || signals.ready !== 'True')) {
    return { loss: { reason: recorded.reason, sinceMs: nowMs } }
  }
  return readiness
}

function judgeReadiness(signals: Signals, patience: Patience, nowMs: number): Verdict {
  const { ready, readySinceMs, inUse } = signals
  if (ready === 'True' || !inUse) return {}
  return ready === 'False'
    ? after('NotReady', readySinceMs, patience.notReadyMs, nowMs)
    : after('Unreachable', readySinceMs, patience.unreachableMs, nowMs)
}

function after(reason: LossReason, sinceMs: number, waitMs: number, nowMs: number): Verdict {
  const leftMs = sinceMs + waitMs - nowMs
  return leftMs > 0 ? { againMs: leftMs } : { loss: { reason, sinceMs } }
}

/**
 * Whether it is proven that nothing runs on a lost node any more: its Node object is gone, or somebody
 * vouches by the taint out-of-service and the node does not contradict by being alive.
 */
export function isFenced({ exists, outOfService, ready, leaseOverdue }: Signals): boolean {
  return !exists || (outOfService && (leaseOverdue || ready !== 'True'))
}
