import { OUT_OF_SERVICE } from './loss.ts'

/** What stands in the way of a heal, as a Placement says it. */
export interface HealingNote {
  /** UpperCamelCase, for machines. */
  readonly reason: 'AreaFrozen' | 'NoReplacement' | 'WaitingForFencing' | 'WaitingForJob'
  readonly text: string
}

/** Longer lists of names are cut. */
const NAMES = 3

function names(all: readonly string[]): string {
  const rest = all.length - NAMES
  return all.slice(0, NAMES).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}

const are = (all: readonly string[]): string => (all.length === 1 ? 'is' : 'are')

/** Nodes that vanished with too many others of the area. */
export function frozenNote(nodes: readonly string[], releaseSeconds: number): HealingNote {
  return {
    reason: 'AreaFrozen',
    text: `${names(nodes)} ${are(nodes)} lost, together with more than a third of the area: nothing is moved until nodes come back or ${releaseSeconds} s have passed`,
  }
}

/** A lost node that keeps its slot. */
export function noReplacementNote(node: string, why: string): HealingNote {
  return {
    reason: 'NoReplacement',
    text: `${node} is lost (${why}) and no other node can take its place: its pods stay with it until one can`,
  }
}

/** Pods that are left until it is proven that they run no more. */
export function fencingNote(pods: readonly string[], node: string): HealingNote {
  const are = pods.length === 1 ? 'waits' : 'wait'
  return {
    reason: 'WaitingForFencing',
    text:
      `${pods.length === 1 ? 'pod' : 'pods'} ${names(pods)} ${are} on the lost node ${node} and may still run there: replaced when the node comes back ` +
      `or is known to be off (taint ${OUT_OF_SERVICE}, or its Node deleted); edge-net.io/on-node-loss: force accepts two copies`,
  }
}

/** Pods of Jobs that were ended: when they are made anew is the Job's affair. */
export function jobNote(pods: readonly string[], node: string): HealingNote {
  return {
    reason: 'WaitingForJob',
    text:
      `${pods.length === 1 ? 'pod' : 'pods'} ${names(pods)} of the lost node ${node} ${pods.length === 1 ? 'counts as failed and is' : 'count as failed and are'} replaced ` +
      'after the back-off of the Job (about 10 s); with podReplacementPolicy Failed, when the node is back',
  }
}
