import { areaId, hash80 } from '../labels.ts'
import type { Limits } from '../limits.ts'
import type { Area, Row } from '../types.ts'
import { refusal } from '../untyped.ts'
import { readAreas } from './areas.ts'
import { attributesOf } from './attributes.ts'
import type { RowKey, RowSource } from './keys.ts'
import { readNear } from './near.ts'
import { textOf } from './values.ts'

export interface ReadRow {
  /** Without its id, which depends on the rows before it (numberRows). */
  readonly row: Omit<Row, 'id'>
  readonly warnings: readonly string[]
}

/** Reads one row. Throws Refusal. */
export function readRow({ values, fieldOf }: RowSource, limits: Limits): ReadRow {
  const given = <T>(key: RowKey, read: (value: unknown, field: string) => T): T | undefined =>
    values.has(key) ? read(values.get(key), fieldOf(key)) : undefined
  const nodes = given('nodes', (value, field) => readNodes(value, field, limits))
  const areas = given('area', (value, field) => readAreas(value, field, limits))
  const places = given('near', (value, field) => readNear(value, field, nodes !== undefined))
  if (areas?.anyOf.length && places?.anyOf.length) {
    throw refusal(
      'NEAR_INVALID',
      fieldOf('near'),
      'several points cannot be combined with an area in one row; write one row for each point in edge-net.io/placement',
    )
  }
  return {
    row: {
      attributes: attributesOf({ values, fieldOf }, limits),
      anyOf: areas?.anyOf.length ? areas.anyOf : (places?.anyOf ?? []),
      noneOf: areas?.noneOf ?? [],
      ...(places?.near && { near: places.near }),
      ...(nodes !== undefined && { nodes }),
    },
    warnings: areas?.warnings ?? [],
  }
}

function readNodes(value: unknown, field: string, limits: Limits): number {
  const text = textOf(value, field).trim()
  const nodes = /^[1-9]\d{0,8}$/.test(text) ? Number(text) : 0
  if (nodes >= 1 && nodes <= limits.nodes) return nodes
  throw refusal(
    'NODES_INVALID',
    field,
    `must be a whole number from 1 to ${limits.nodes}; leave it out for every node of the area`,
  )
}

/** Rows with their ids: equal for equal facts whatever the count, but for the occurrence among equals. */
export function numberRows(rows: readonly Omit<Row, 'id'>[]): Row[] {
  const seen = new Map<string, number>()
  return rows.map((row) => {
    const facts = factsOf(row)
    const occurrence = seen.get(facts) ?? 0
    seen.set(facts, occurrence + 1)
    return { id: hash80('row', facts, String(occurrence)), ...row }
  })
}

function factsOf({ attributes, anyOf, noneOf, near }: Omit<Row, 'id'>): string {
  const ids = (areas: readonly Area[]) => areas.map((area) => [area.kind, areaId(area)])
  const requirements = attributes.map(({ key, operator, values }) => [key, operator, values ?? []])
  const place = near ? [near.lat, near.lon, near.km ?? null] : null
  return JSON.stringify([requirements, ids(anyOf), ids(noneOf), place])
}
