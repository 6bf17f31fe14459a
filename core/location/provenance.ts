import { hash80, PREFIX } from '../placement/labels.ts'
import type { Labels, NodeFacts } from './node-facts.ts'

/**
 * Text of the annotation beside a place found by address: the address and a hash of the labels made
 * from it. It lets us tell "a newer database says something else" (sticky) from "the address is
 * another one" and "somebody changed our labels" (both written anew).
 */
export function provenance(address: string, labels: Labels): string {
  return `${address} ${labelsHash(labels)}`
}

/** The address from which the node's present labels were made; undefined unless they are untouched. */
export function heldAddress(node: NodeFacts): string | undefined {
  if (node.labels[`${PREFIX}location-source`] !== 'ip') return undefined
  const [address, hash] = node.provenance?.split(' ') ?? []
  return hash === labelsHash(node.labels) ? address : undefined
}

function labelsHash(labels: Labels): string {
  const names = Object.keys(labels).sort()
  return hash80(...names.flatMap((name) => [name, labels[name] ?? '']))
}
