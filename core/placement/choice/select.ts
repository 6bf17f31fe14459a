import type { Row } from '../types.ts'
import { Assignment, type Seats } from './assignment.ts'
import { Candidates } from './candidates.ts'
import type { Change, SelectInput, SelectResult } from './select-types.ts'

/**
 * Chooses nodes for the counted rows of one workload. What is chosen and may stay does stay; rows
 * share no node; if there is a way to fill the rows it is found; only the difference is returned.
 * Depends on nothing but the contents of its input, not on their order.
 */
export function selectNodes(input: SelectInput): SelectResult {
  const rows = input.rows.filter((row) => row.nodes !== undefined).sort(byId)
  const candidates = new Candidates(input, rows)
  const seats = candidates.sticky()
  new Assignment(seats, input.workload, candidates).fill()
  const kept = new Map(
    seats
      .map((row) => [row.row.id, candidates.slotsKept(row)] as const)
      .filter(([, names]) => names.length > 0),
  )
  return {
    chosen: new Map(seats.map(({ row, held }) => [row.id, [...held.keys()].sort()])),
    kept,
    ...changes(seats, kept, input),
    short: seats.flatMap((row) => candidates.shortfall(row, seats)),
  }
}

function byId(a: Row, b: Row): number {
  if (a.id === b.id) throw new Error(`two rows with the id ${a.id}`)
  return a.id < b.id ? -1 : 1
}

function changes(
  seats: readonly Seats[],
  kept: SelectResult['kept'],
  { current, nodes }: SelectInput,
) {
  const add: Change[] = []
  const remove: Change[] = []
  for (const { row, held } of seats) {
    const now = current.get(row.id) ?? new Set()
    for (const node of [...held.keys()].sort()) if (!now.has(node)) add.push({ row: row.id, node })
    // A node that is gone has no label to take off.
    const left = [...now].filter((node) => !held.has(node) && nodes.get(node)).sort()
    const stay = kept.get(row.id) ?? []
    for (const node of left) if (!stay.includes(node)) remove.push({ row: row.id, node })
  }
  return { add, remove }
}
