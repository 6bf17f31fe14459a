import { deepEqual } from '../../equal.ts'
import { RESTRICTED } from '../labels.ts'
import type { NodeView } from '../types.ts'
import { isChoiceLabel } from './choices.ts'
import { COUNTRY_LABEL } from './membership.ts'
import type { NodeChange } from './node-store.ts'

type Labels = NodeView['labels']

const NONE: Labels = {}

/** Whether the facts about where a node is have changed. */
export function moved({ before, now }: NodeChange): boolean {
  return (
    before?.place?.lat !== now?.place?.lat ||
    before?.place?.lon !== now?.place?.lon ||
    before?.labels[COUNTRY_LABEL] !== now?.labels[COUNTRY_LABEL]
  )
}

/** Whether a node is as usable as before, as far as itself tells. */
export function sameUse({ before, now }: NodeChange): boolean {
  return (
    before?.ready === now?.ready &&
    before?.schedulable === now?.schedulable &&
    deepEqual(before?.taints, now?.taints)
  )
}

/** Whether nothing but placement labels has changed: what our own writes bring about, by the thousand. */
export function onlyPlacementLabels(change: NodeChange): boolean {
  const { before, now } = change
  if (!before || !now) return false
  return (
    !moved(change) &&
    sameUse(change) &&
    deepEqual(before.allocatable, now.allocatable) &&
    holdsAll(before.labels, now.labels) &&
    holdsAll(now.labels, before.labels)
  )
}

function holdsAll(labels: Labels, others: Labels): boolean {
  for (const key in others) {
    if (labels[key] !== others[key] && !key.startsWith(RESTRICTED)) return false
  }
  return true
}

/** The choice labels that a node has now or had before; `differing`: only those that came or went. */
export function choicesOn({ before, now }: NodeChange, differing: boolean): Set<string> {
  const [was, is] = [before?.labels ?? NONE, now?.labels ?? NONE]
  const keys = [...Object.keys(was), ...Object.keys(is)].filter(isChoiceLabel)
  if (!differing) return new Set(keys)
  return new Set(keys.filter((key) => Object.hasOwn(was, key) !== Object.hasOwn(is, key)))
}
