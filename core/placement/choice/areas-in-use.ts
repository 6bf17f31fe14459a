import { areaLabel, outsideLabel } from '../labels.ts'
import type { Area, NodeView, Row } from '../types.ts'
import { circleOf, type Inside } from './membership.ts'

/** One label of nodes that stands for an area: being inside of it, or (for exclusion) outside. */
export interface AreaUse {
  readonly label: string
  readonly area: Area
  readonly outside: boolean
}

/** The area labels that the facts of rows refer to. */
export function areaUses(rows: readonly Row[]): AreaUse[] {
  const uses = new Map<string, AreaUse>()
  const add = (area: Area, outside: boolean) => {
    const label = outside ? outsideLabel(area) : areaLabel(area)
    uses.set(label, { label, area, outside })
  }
  for (const row of rows) {
    const circle = circleOf(row)
    if (circle) add(circle, false)
    for (const area of row.anyOf) add(area, false)
    for (const area of row.noneOf) add(area, true)
  }
  return [...uses.values()]
}

/** Whether a node should carry the label; what cannot be judged carries neither. */
export function belongs({ area, outside }: AreaUse, node: NodeView, inside: Inside): boolean {
  const verdict = inside(area, node)
  return verdict !== undefined && verdict !== outside
}
