import { deepEqual } from '../../equal.ts'
import { storedSelection } from '../grammar/annotations.ts'
import type { Limits } from '../limits.ts'
import type { Kind, Marker, MarkerRow, Selection } from '../types.ts'
import { type Fields, join, member, refusal } from '../untyped.ts'
import { multiply, readAffinity, replaceTerms } from './affinity.ts'
import { type Identity, markerRows, sameRows } from './identity.ts'
import { isIntact } from './intact.ts'
import { alternativesOf, writeMarker } from './marker.ts'
import { ownSpread, sameSpread, spreadFor } from './spread.ts'
import type { TemplateState } from './template.ts'
import { byMarker, byOldMarker, byRows, ownTerms, type Withdrawal, withdraw } from './withdraw.ts'

/** The parts of the pod template as they must become; undefined: not there. */
export interface Injection {
  readonly affinity: Fields | undefined
  readonly topologySpreadConstraints: readonly unknown[] | undefined
  /** Text of the annotation MARKER. */
  readonly marker: string | undefined
}

/** A template on its way into storage. */
export interface Templates {
  readonly kind: Kind
  readonly object: unknown
  readonly next: TemplateState
  /** At UPDATE: what is stored, and its template. */
  readonly stored?: { readonly object: unknown; readonly template: TemplateState }
}

/** Puts a selection into a template; undefined: it is there already. Throws Refusal. */
export function place(
  templates: Templates,
  selection: Selection,
  identity: Identity,
  limits: Limits,
): Injection | undefined {
  const { kind, object, next } = templates
  refuseNodeName(next)
  const rows = markerRows(selection, identity)
  if (isKept(templates, selection, rows)) return undefined

  const own = withdraw(next, withdrawalBefore(templates, identity, rows))
  const { base, terms } = readAffinity({ affinity: own.affinity }, next.field)
  // An empty list of terms matches nothing; the API server refuses it with a sentence of its own.
  const merged =
    terms?.length === 0
      ? terms
      : multiply(terms, alternativesOf({ rows }), { limits, field: next.field })
  const frozen = isSpreadFrozen(templates)
  const spread = frozen
    ? (next.marker?.spread ?? [])
    : spreadFor(kind, object, selection, own.spread)
  const { salt } = identity
  const marker: Marker = { v: 1, rows, spread, base, ...(salt !== undefined && { salt }) }
  return outcome(next, {
    affinity: replaceTerms({ affinity: own.affinity }, merged, base),
    topologySpreadConstraints: frozen ? next.spread : [...own.spread, ...spread],
    marker: checkedText(marker, next, limits),
  })
}

/** Takes out of a stored workload what was put in, when its annotations are gone. */
export function clear(
  templates: Templates & Required<Pick<Templates, 'stored'>>,
): Injection | undefined {
  const { next, stored } = templates
  const before = stored.template
  const withdrawal = next.marker
    ? byCurrentMarker(next, next.marker, before)
    : before.marker && byOldMarker(before.marker)
  const { affinity, spread } = withdraw(next, withdrawal)
  const topologySpreadConstraints = isSpreadFrozen(templates) ? next.spread : spread
  return outcome(next, { affinity, topologySpreadConstraints, marker: undefined })
}

/**
 * Whether an update leaves alone what is there: the same marker, rows and wishes for spread as stored,
 * and all of it intact. What this version of EdgeNet would write does not matter, so that an upgrade
 * restarts nothing.
 */
function isKept(
  { kind, object, next, stored }: Templates,
  selection: Selection,
  rows: readonly MarkerRow[],
): boolean {
  const { marker, text } = next
  const before = stored?.template
  if (!marker || !before || text !== before.text || !sameRows(marker.rows, rows)) return false
  const wanted = spreadFor(kind, object, selection, ownSpread(next.spread, marker.spread))
  if (!sameSpread(wanted, marker.spread)) return false
  const unchanged = deepEqual(member(next.spec, 'affinity'), member(before.spec, 'affinity'))
  return isIntact(next, marker, unchanged ? [] : ownTerms(before))
}

/** What of a template was put in before. */
function withdrawalBefore(
  { kind, next, stored }: Templates,
  identity: Identity,
  rows: readonly MarkerRow[],
): Withdrawal | undefined {
  const before = stored?.template
  if (next.marker) return byCurrentMarker(next, next.marker, before)
  if (before?.marker) return byMarker(before.marker, ownTerms(before))
  // Without any marker: only what had annotations before can have expressions of ours.
  const had = stored && storedSelection(kind, stored.object)
  if (had === undefined) return undefined
  return byRows(had === 'unreadable' ? rows : markerRows(had, identity))
}

/** The user's own terms are known only when the marker is the one that they were stored with. */
function byCurrentMarker(next: TemplateState, marker: Marker, before?: TemplateState): Withdrawal {
  return byMarker(marker, before && next.text === before.text ? ownTerms(before) : undefined)
}

/** Of a Job that is suspended Kubernetes lets the affinity change, and no spread constraints. */
const isSpreadFrozen = ({ kind, stored }: Templates): boolean =>
  kind === 'Job' && stored !== undefined

function refuseNodeName({ spec, field }: TemplateState): void {
  const nodeName = member(spec, 'nodeName')
  if (nodeName === undefined || nodeName === '') return
  throw refusal(
    'NODE_NAME',
    join(field, 'nodeName'),
    'bypasses the scheduler, so placement annotations cannot hold; remove it or them',
  )
}

function checkedText(marker: Marker, { field }: TemplateState, { markerBytes }: Limits): string {
  const text = writeMarker(marker)
  if (Buffer.byteLength(text) <= markerBytes) return text
  throw refusal(
    'SELECTION_TOO_LARGE',
    join(field, 'affinity'),
    `the placement makes expressions of more than ${markerBytes} bytes; use fewer rows, areas or cities`,
  )
}

/** Undefined when a template has it all already. */
function outcome(next: TemplateState, made: Injection): Injection | undefined {
  const { topologySpreadConstraints: spread = [] } = made
  const same =
    made.marker === next.text &&
    deepEqual(made.affinity ?? null, member(next.spec, 'affinity') ?? null) &&
    deepEqual(spread, next.spread)
  if (same) return undefined
  return { ...made, topologySpreadConstraints: spread.length > 0 ? spread : undefined }
}
