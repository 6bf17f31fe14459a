import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseCsv } from './csv.ts'

/** A fake node. Without any of lat … continent the node has no known place. */
export interface NodeRow {
  readonly name: string
  /** Degrees. */
  readonly lat?: number
  readonly lon?: number
  /** ISO 3166-1 alpha-2. */
  readonly country?: string
  /** ISO 3166-2, second half: `CA` of US-CA. */
  readonly state?: string
  readonly city?: string
  /** AF, AN, AS, EU, NA, OC, SA. */
  readonly continent?: string
  /** Public address, reported as ExternalIP. */
  readonly address?: string
  /** Default: 4 cores, 8Gi, 110 pods. */
  readonly allocatable?: { readonly cpu: string; readonly memory: string; readonly pods: string }
  readonly labels?: Readonly<Record<string, string>>
}

const TEXT = ['country', 'state', 'city', 'continent', 'address'] as const
const NUMBERS = ['lat', 'lon'] as const
const COLUMNS: readonly string[] = ['name', ...NUMBERS, ...TEXT]

function toRow(cells: Map<string, string>, index: number): NodeRow {
  const name = cells.get('name')
  if (name === undefined) throw new Error(`row ${index + 1}: no name`)
  for (const column of cells.keys()) {
    if (!COLUMNS.includes(column)) {
      throw new Error(`column "${column}" is unknown: ${COLUMNS.join(', ')}`)
    }
  }
  const row: Record<string, string | number> = { name }
  for (const column of TEXT) {
    const value = cells.get(column)
    if (value !== undefined) row[column] = value
  }
  for (const column of NUMBERS) {
    const value = cells.get(column)
    if (value === undefined) continue
    const number = Number(value)
    if (!Number.isFinite(number)) throw new Error(`${name}: ${column} is not a number: ${value}`)
    row[column] = number
  }
  return row as unknown as NodeRow
}

/** Nodes of a CSV file with the columns name,lat,lon,country,state,city,continent,address, in any order. */
export function readNodes(file: string): NodeRow[] {
  try {
    const rows = parseCsv(readFileSync(file, 'utf8')).map(toRow)
    const seen = new Set<string>()
    for (const { name } of rows) {
      if (seen.has(name)) throw new Error(`${name} stands there twice`)
      seen.add(name)
    }
    return rows
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** About 45 nodes in real places of the world, one without a place. */
export const worldNodes = (): NodeRow[] =>
  readNodes(join(import.meta.dirname, 'nodes', 'world.csv'))
