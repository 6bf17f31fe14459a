import type { Marker, Term } from '../types.ts'
import { alternativesOf } from './marker.ts'
import { isEmpty, keyed, requirementKey, takeOut } from './requirements.ts'
import { holdsSpread } from './spread.ts'
import type { TemplateState } from './template.ts'

/**
 * Whether all that a marker names is in the template: the alternatives in turn in every term that is
 * not empty, each as often as the others, and the spread constraints. Then nothing needs to be written.
 * `own`: the user's terms, when somebody may have written them back over ours; what they have as well
 * does not count.
 */
export function isIntact(
  { affinity, spread }: TemplateState,
  marker: Marker,
  own: readonly Term[] = [],
): boolean {
  const alternatives = alternativesOf(marker).map((alternative) => alternative.map(requirementKey))
  const { terms = [] } = affinity
  const full = terms.filter((term) => !isEmpty(term)).map(keyed)
  const mine = own.filter((term) => !isEmpty(term)).map(keyed)
  return (
    full.length > 0 &&
    alternatives.length > 0 &&
    full.length % alternatives.length === 0 &&
    full.every((term, i) => takeOut(term, alternatives[i % alternatives.length] ?? [], mine)) &&
    holdsSpread(spread, marker.spread)
  )
}
