import { alternativesOf } from './marker.ts'
import { contains, isEmpty, keyed, requirementKey } from './requirements.ts'
import { holdsSpread } from './spread.ts'
import type { TemplateState } from './template.ts'
import type { Marker } from './types.ts'

/**
 * Whether all that a marker names is in the template: the alternatives in turn in every term that is
 * not empty, each as often as the others, and the spread constraints. Then nothing needs to be written.
 */
export function isIntact({ affinity, spread }: TemplateState, marker: Marker): boolean {
  const alternatives = alternativesOf(marker).map((alternative) => alternative.map(requirementKey))
  const { terms = [] } = affinity
  const full = terms.filter((term) => !isEmpty(term)).map(keyed)
  return (
    terms.length > 0 &&
    alternatives.length > 0 &&
    full.length % alternatives.length === 0 &&
    full.every(({ keys }, i) => contains(keys, alternatives[i % alternatives.length] ?? [])) &&
    holdsSpread(spread, marker.spread)
  )
}
