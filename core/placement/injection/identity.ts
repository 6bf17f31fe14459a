import { choiceLabel } from '../labels.ts'
import type { Kind, Marker, MarkerRow, Row, Selection } from '../types.ts'
import { termsOf } from './terms.ts'

/** What names a workload for its choice labels. */
export interface Identity {
  readonly kind: Kind
  readonly namespace: string
  /** The name, or generateName with `salt`. */
  readonly name: string
  readonly salt?: string
}

/** The parts of a request that say who a workload is. */
export interface Naming {
  readonly kind: Kind
  readonly namespace: string
  /** Empty or absent under generateName, until the API server has made the name. */
  readonly name?: string | undefined
  readonly generateName?: string | undefined
  /** Of the admission request: the salt when there is no name yet. */
  readonly uid: string
}

/**
 * Who a workload is. `known` is the marker that it carries already: a name that is yet to be generated
 * keeps the salt of the first call when the webhook is called again, and a workload that got its labels
 * before it got its name keeps them.
 */
export function identityOf(naming: Naming, known: Marker | undefined): Identity {
  const { kind, namespace, name, generateName = '', uid } = naming
  const salt = known?.salt
  if (name && (salt === undefined || generateName === '')) return { kind, namespace, name }
  return { kind, namespace, name: generateName, salt: salt ?? uid }
}

/** The choice label of one row of a workload; it does not depend on the row's count. */
export function useOf({ kind, namespace, name, salt }: Identity, rowId: string): string {
  return choiceLabel(namespace, kind, name, salt === undefined ? rowId : `${rowId}/${salt}`)
}

/** What each row of a selection adds to the template of a workload. */
export function markerRows({ rows }: Selection, identity: Identity): MarkerRow[] {
  return rows.map((row) => {
    const use = row.nodes === undefined ? undefined : useOf(identity, row.id)
    return { id: row.id, ...(use !== undefined && { use }), terms: termsOf(row, use) }
  })
}

/** Whether rows have the same facts and are counted or not as before, in any order and number of nodes. */
export function sameRows(
  a: readonly (Row | MarkerRow)[],
  b: readonly (Row | MarkerRow)[],
): boolean {
  const keys = (rows: readonly (Row | MarkerRow)[]) => rows.map(rowKey).sort().join()
  return keys(a) === keys(b)
}

function rowKey(row: Row | MarkerRow): string {
  const counted = 'terms' in row ? row.use !== undefined : row.nodes !== undefined
  return `${row.id}${counted ? '#' : ''}`
}
