import type { Taint } from '../placement/types.ts'

/** Taint of lost nodes, and the stored record of a loss: whoever takes over finds there what was decided. */
export const LOST_TAINT = 'edge-net.io/lost'

/** Set by people or fencing agents who know that a node is powered off. */
export const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service'

export const LOSS_REASONS = [
  'LeaseExpired',
  'NotReady',
  'Unreachable',
  'OutOfService',
  'Deleted',
] as const
export type LossReason = (typeof LOSS_REASONS)[number]

export interface Loss {
  readonly reason: LossReason
  /** For how long the node had been silent or not ready when it was declared lost. */
  readonly seconds: number
  /** When the node was last well: Unix time in seconds, by the clock of this machine. */
  readonly since: number
}

/** Why a node is lost, as the end of "fr-paris-1 is lost: ...". */
export function lossWords({ reason, seconds }: Pick<Loss, 'reason' | 'seconds'>): string {
  switch (reason) {
    case 'LeaseExpired':
      return `its lease was not renewed for ${seconds} s`
    case 'NotReady':
      return `its kubelet has said for ${seconds} s that it is not ready`
    case 'Unreachable':
      return 'the node controller does not reach its kubelet'
    case 'OutOfService':
      return `it has the taint ${OUT_OF_SERVICE}`
    case 'Deleted':
      return 'its Node object was deleted'
  }
}

/** The taint that records a loss. Values of taints have the alphabet of labels. */
export function lostTaint({ reason, seconds, since }: Loss): Taint {
  const value = `${reason}-${Math.round(seconds)}s.${Math.round(since)}`
  return { key: LOST_TAINT, value, effect: 'NoSchedule' }
}

/** The loss that taints record; undefined: none. A value that we did not write says only that the node is lost. */
export function recordedLoss(taints: readonly Taint[]): Loss | undefined {
  const taint = taints.find(({ key }) => key === LOST_TAINT)
  if (!taint) return undefined
  const parts = /^([A-Za-z]+)-(\d{1,9})s\.(\d{1,12})$/.exec(taint.value ?? '')
  const reason = LOSS_REASONS.find((known) => known === parts?.[1]) ?? 'LeaseExpired'
  return { reason, seconds: Number(parts?.[2] ?? 0), since: Number(parts?.[3] ?? 0) }
}
