import { readGeometry } from '../../geo/geojson.ts'
import { areaId } from '../labels.ts'
import type { Limits } from '../limits.ts'
import type { Area } from '../types.ts'
import { isFields, quote, refusal } from '../untyped.ts'
import { isAreaName, MAX_AREA_NAME } from './area-name.ts'
import { readValues, textOf } from './values.ts'

/** Areas of a row, each list sorted by id and without duplicates. */
export interface Areas {
  readonly anyOf: readonly Area[]
  readonly noneOf: readonly Area[]
  /** What in an inline geometry can be read in two ways. */
  readonly warnings: readonly string[]
}

/**
 * Reads the value of `area`: one inline GeoJSON geometry, or names of GeoArea objects, each excluded by
 * a `!`. In a row of `placement` also a GeoJSON object, or a list of any of these. Throws Refusal.
 */
export function readAreas(value: unknown, field: string, limits: Limits): Areas {
  const anyOf = new Map<string, Area>()
  const noneOf = new Map<string, Area>()
  const warnings: string[] = []
  const items: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (items.length > limits.values) {
    throw refusal(
      'TOO_MANY_VALUES',
      field,
      `has ${items.length} areas, at most ${limits.values} are allowed`,
    )
  }
  for (const item of items) {
    const inline = inlineOf(item, field)
    if (inline) {
      const { shape, warnings: more } = readGeometry(inline.geometry, field)
      warnings.push(...more)
      put(inline.excluded ? noneOf : anyOf, { kind: 'shape', shape })
      continue
    }
    for (const { text, excluded } of readValues(item, field, limits)) {
      put(excluded ? noneOf : anyOf, { kind: 'named', name: areaName(text, field) })
    }
  }
  checkDisjoint(anyOf, noneOf, field)
  return { anyOf: sorted(anyOf), noneOf: sorted(noneOf), warnings }
}

/** The geometry, when the item is one and no list of names. */
function inlineOf(
  item: unknown,
  field: string,
): { geometry: unknown; excluded: boolean } | undefined {
  if (isFields(item)) return { geometry: item, excluded: false }
  const text = textOf(item, field).trim()
  if (text.startsWith('{')) return { geometry: text, excluded: false }
  const rest = text.startsWith('!') ? text.slice(1).trim() : ''
  return rest.startsWith('{') ? { geometry: rest, excluded: true } : undefined
}

function areaName(text: string, field: string): string {
  if (isAreaName(text)) return text
  const lower = text.toLowerCase()
  const hint = isAreaName(lower)
    ? `did you mean "${lower}"?`
    : 'give GeoJSON that begins with {, or names of GeoArea objects with commas between'
  throw refusal(
    'AREA_NAME_INVALID',
    field,
    `${quote(text)} cannot be the name of a GeoArea (lower-case letters, digits, - and ., at most ${MAX_AREA_NAME}); ${hint}`,
  )
}

const put = (areas: Map<string, Area>, area: Area) => areas.set(areaId(area), area)

const sorted = (areas: ReadonlyMap<string, Area>): Area[] =>
  [...areas.keys()].sort().flatMap((id) => areas.get(id) ?? [])

function checkDisjoint(
  anyOf: ReadonlyMap<string, Area>,
  noneOf: ReadonlyMap<string, Area>,
  field: string,
): void {
  for (const id of anyOf.keys()) {
    if (!noneOf.has(id)) continue
    throw refusal(
      'VALUE_CONTRADICTION',
      field,
      `${quote(id)} is both wanted and excluded; remove one of the two`,
    )
  }
}
