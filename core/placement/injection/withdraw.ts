import type { Marker, MarkerRow, Term } from '../types.ts'
import { type Fields, objectAt } from '../untyped.ts'
import { readAffinity, replaceTerms } from './affinity.ts'
import { alternativesOf, isRestricted } from './marker.ts'
import { ownSpread } from './spread.ts'
import { type Injected, stripTerms } from './strip.ts'
import type { SpecState, TemplateState } from './template.ts'

/** What is known to have been put into a template. */
export interface Withdrawal extends Injected {
  readonly spread: Marker['spread']
  readonly base: Marker['base']
}

/** What in a pod spec is the user's own. */
export interface OwnParts {
  readonly affinity: Fields | undefined
  readonly spread: readonly unknown[]
}

/** A template's affinity and spread without what was put in; without a withdrawal they are as they are. */
export function withdraw(state: SpecState, withdrawal: Withdrawal | undefined): OwnParts {
  const { spec, field, affinity, spread } = state
  const raw = objectAt(spec, 'affinity', field)
  if (!withdrawal) return { affinity: raw, spread }
  const rest = ownSpread(spread, withdrawal.spread)
  const { terms } = affinity
  if (!terms) return { affinity: raw, spread: rest }
  const own = stripTerms(terms, withdrawal)
  // An empty list that is not the user's was left by a hand that deleted our terms.
  const keep = own.length > 0 || (terms.length === 0 && withdrawal.base === 'required')
  return { affinity: replaceTerms(spec, keep ? own : undefined, withdrawal.base), spread: rest }
}

/** What a marker says was put in. `own`: the user's own terms before this update, when known. */
export function byMarker(marker: Marker, own?: readonly Term[]): Withdrawal {
  const { spread, base } = marker
  return { alternatives: alternativesOf(marker), spread, base, ...(own && { own }) }
}

/** The user's own terms in a template with a marker. */
export function ownTerms(state: TemplateState): readonly Term[] | undefined {
  if (!state.marker) return undefined
  const { affinity } = withdraw(state, byMarker(state.marker))
  return readAffinity({ affinity }, state.field).terms ?? []
}

/**
 * For a template that comes without annotations and without a marker in place of one that had them (an
 * older revision, a fresh manifest): only expressions on labels that users do not write are ours.
 * Others may be the user's own, and taking them would let the pods run anywhere.
 */
export function byOldMarker(marker: Marker): Withdrawal {
  const { alternatives, ...others } = byMarker(marker)
  return {
    ...others,
    alternatives: alternatives.filter((alternative) => alternative.some(isRestricted)),
  }
}

/** For a template whose marker nobody knows: what rows would have put in, if it is there as a whole. */
export function byRows(rows: readonly MarkerRow[]): Withdrawal {
  return { alternatives: alternativesOf({ rows }), spread: [], base: 'none', wholeGroupsOnly: true }
}
