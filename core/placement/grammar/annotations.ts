import { Refusal } from '../../refusal.ts'
import { countTerms } from '../injection/terms.ts'
import { LIMITS, type Limits } from '../limits.ts'
import type { Kind, OnNodeLoss, Selection, Spread } from '../types.ts'
import { refusal } from '../untyped.ts'
import { placementAnnotations } from '../workload.ts'
import { annotationField, isRowKey, type RowKey, type RowSource, type Values } from './keys.ts'
import { readPlacementRows } from './placement-yaml.ts'
import { numberRows, readRow } from './rows.ts'
import { readWord } from './values.ts'

const SPREADS: readonly Spread[] = ['strict', 'soft', 'none']
const ON_NODE_LOSS: readonly OnNodeLoss[] = ['replace', 'wait', 'force']

/**
 * What placement annotations ask for; undefined when there are none. `field` is where they stand
 * (`metadata.annotations`). `onNodeLoss` defaults to `replace`, for a StatefulSet to `wait`. Throws
 * Refusal for every mistake, naming the field and, where there is one, the nearest right value.
 */
export function readSelection(
  values: Values,
  field: string,
  { kind, limits = LIMITS }: { kind?: Kind; limits?: Limits } = {},
): Selection | undefined {
  if (values.size === 0) return undefined
  const read = rowSources(values, field, limits).map((source) => readRow(source, limits))
  const rows = numberRows(read.map(({ row }) => row))
  const terms = rows.reduce((sum, row) => sum + countTerms(row), 0)
  if (terms > limits.terms) {
    throw refusal(
      'TOO_MANY_TERMS',
      field,
      `the rows and their areas make ${terms} alternatives, at most ${limits.terms} are allowed; put areas together in one GeoArea`,
    )
  }
  const spreadField = annotationField(field, 'spread')
  const lossField = annotationField(field, 'on-node-loss')
  const warnings = read.flatMap((row) => row.warnings)
  return {
    rows,
    spread: values.has('spread')
      ? readWord(values.get('spread'), spreadField, SPREADS, 'SPREAD_INVALID')
      : 'strict',
    onNodeLoss: values.has('on-node-loss')
      ? readWord(values.get('on-node-loss'), lossField, ON_NODE_LOSS, 'ON_NODE_LOSS_INVALID')
      : kind === 'StatefulSet'
        ? 'wait'
        : 'replace',
    ...(warnings.length > 0 && { warnings }),
  }
}

/** What the annotations of a workload ask for; undefined when it has none. Throws Refusal. */
export function selectionOf(kind: Kind, object: unknown, limits?: Limits): Selection | undefined {
  const placed = placementAnnotations(kind, object)
  return placed && readSelection(placed.values, placed.field, { kind, ...(limits && { limits }) })
}

/** The same of an object that is stored, which may have got there past admission. */
export function storedSelection(
  kind: Kind,
  object: unknown,
  limits?: Limits,
): Selection | 'unreadable' | undefined {
  try {
    return selectionOf(kind, object, limits)
  } catch (error) {
    if (error instanceof Refusal) return 'unreadable'
    throw error
  }
}

/** The rows of `placement`, or the one row that the annotations are. */
function rowSources(values: Values, field: string, limits: Limits): RowSource[] {
  const row = new Map<RowKey, unknown>()
  for (const [key, value] of values) if (isRowKey(key)) row.set(key, value)
  const annotation = (key: string) => annotationField(field, key)
  if (values.has('placement')) {
    const [beside] = row.keys()
    if (beside) {
      throw refusal(
        'PLACEMENT_MIXED',
        annotation(beside),
        `cannot stand beside edge-net.io/placement; move it into the rows there, as ${beside}`,
      )
    }
    const rows = readPlacementRows(values.get('placement'), annotation('placement'), limits)
    return rows.map((raw) => ({ values: raw.values, fieldOf: (key) => `${raw.field}.${key}` }))
  }
  if (row.size === 0) {
    const [alone = 'spread'] = values.keys()
    throw refusal(
      'SELECTION_EMPTY',
      annotation(alone),
      'says nothing without a place; add a country, an area, nodes or another key',
    )
  }
  // Annotations are text; only rows of `placement` have types.
  for (const [key, value] of row) {
    if (typeof value !== 'string') throw refusal('ANNOTATION_TYPE', annotation(key), 'must be text')
  }
  return [{ values: row, fieldOf: annotation }]
}
