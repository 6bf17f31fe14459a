import { editDistance, nearest } from '../../nearest.ts'
import { MARKER, PREFIX } from '../labels.ts'
import { isFields, malformed, quote, refusal } from '../untyped.ts'

/** Keys of one row, as annotations with PREFIX, in a row of `placement` without. */
export const ROW_KEYS = ['continent', 'country', 'state', 'city', 'area', 'near', 'nodes'] as const
export type RowKey = (typeof ROW_KEYS)[number]

/** All placement annotations, without PREFIX. */
export const KEYS = [...ROW_KEYS, 'placement', 'spread', 'on-node-loss'] as const
export type Key = (typeof KEYS)[number]

/** Untrusted values by key. */
export type Values = ReadonlyMap<Key, unknown>

/** Untrusted values of one row, and how refusals name them. */
export interface RowSource {
  readonly values: ReadonlyMap<RowKey, unknown>
  readonly fieldOf: (key: RowKey) => string
}

const KNOWN: ReadonlySet<string> = new Set(KEYS)
/** Annotations of other parts of EdgeNet: no misspellings, however near they are. */
const OTHERS: ReadonlySet<string> = new Set([
  'injected',
  'placed',
  'tenant',
  'parent',
  'quota',
  'expires',
  'pool',
  'location',
])
const MISSPELT = 2

/** Annotations that admission writes beside the user's, and that say nothing by themselves. */
export const WRITTEN_BY_US: ReadonlySet<string> = new Set([MARKER, `${PREFIX}placed`])

export const isRowKey = (key: string): key is RowKey =>
  (ROW_KEYS as readonly string[]).includes(key)

const isKey = (key: string): key is Key => KNOWN.has(key)

/** How a refusal names an annotation. */
export const annotationField = (field: string, key: string): string => `${field}[${PREFIX}${key}]`

/**
 * The placement annotations among those at `field`. Throws Refusal for a key under our prefix that is
 * within two edits of one of them: a misspelt key would be ignored, and the pods would run anywhere.
 */
export function placementKeys(annotations: unknown, field: string): Values {
  const values = new Map<Key, unknown>()
  if (annotations === undefined || annotations === null) return values
  if (!isFields(annotations)) throw malformed(field, 'an object')
  for (const [name, value] of Object.entries(annotations)) {
    if (!name.startsWith(PREFIX)) continue
    const key = name.slice(PREFIX.length)
    if (isKey(key)) values.set(key, value)
    else refuseMisspelt(key, field)
  }
  return values
}

function refuseMisspelt(key: string, field: string): void {
  if (OTHERS.has(key) || key.length > 20) return
  const meant = nearest(key, KEYS)
  if (meant === undefined || editDistance(key.toLowerCase(), meant, MISSPELT) > MISSPELT) return
  throw refusal(
    'ANNOTATION_UNKNOWN',
    annotationField(field, key),
    `no such annotation; did you mean ${PREFIX}${meant}?`,
  )
}

/** Checks a key inside a row of `placement`. */
export function checkRowKey(key: string, field: string): RowKey {
  if (isRowKey(key)) return key
  const bare = key.startsWith(PREFIX) ? key.slice(PREFIX.length) : key
  const meant = isRowKey(bare) ? bare : nearest(bare, ROW_KEYS)
  const hint = meant ? `did you mean ${meant}?` : `a row has the keys ${ROW_KEYS.join(', ')}`
  throw refusal('ROW_KEY_UNKNOWN', field, `${quote(key)} is no key of a row; ${hint}`)
}
