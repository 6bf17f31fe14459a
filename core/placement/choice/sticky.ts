import type { NodeView, Row } from '../types.ts'
import type { Seats } from './assignment.ts'
import { preference } from './preference.ts'

/** A node that a row has and may keep. */
export interface Stayer {
  readonly node: NodeView
  /** It has pods of the workload. */
  readonly busy: boolean
}

/** The best `count`: those with pods first, then as the row prefers. */
function best(row: Row, workload: string, stayers: readonly Stayer[], count: number): NodeView[] {
  if (stayers.length <= count) return stayers.map(({ node }) => node)
  const contenders = stayers.map(({ node, busy }) => ({ node, priority: busy ? 1 : 0 }))
  const wants = preference(row, workload, contenders)
  return contenders
    .map(({ node }, i) => ({ node, rank: wants.rank(i) }))
    .sort((a, b) => b.rank - a.rank || (a.node.name < b.node.name ? -1 : 1))
    .slice(0, count)
    .map(({ node }) => node)
}

/**
 * What every row keeps of what it has, at most its count; `stayers` by row. A node that two rows have
 * (a move between them was interrupted) goes to the one that needs it.
 */
export function keep(
  rows: readonly Row[],
  stayers: readonly (readonly Stayer[])[],
  workload: string,
): Seats[] {
  const owners = new Map<string, number>()
  for (const { node } of stayers.flat()) owners.set(node.name, (owners.get(node.name) ?? 0) + 1)
  const shared = ({ node }: Stayer) => (owners.get(node.name) ?? 0) > 1
  const seats = rows.map((row): Seats => {
    return { row, wanted: row.nodes ?? 0, held: new Map(), sticky: new Set() }
  })
  const given = new Set<string>()
  for (const pass of [false, true]) {
    seats.forEach(({ held, sticky, wanted }, i) => {
      const own = (stayers[i] ?? []).filter(
        (stayer) => shared(stayer) === pass && !given.has(stayer.node.name),
      )
      for (const node of best(rows[i] as Row, workload, own, wanted - held.size)) {
        given.add(node.name)
        held.set(node.name, node)
        sticky.add(node.name)
      }
    })
  }
  return seats
}
