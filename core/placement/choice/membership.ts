import { PREFIX } from '../labels.ts'
import type { Obstacle } from '../report/reasons.ts'
import type { Area, NodeView, Row } from '../types.ts'
import { matchesRequirement } from './match.ts'

export const COUNTRY_LABEL = `${PREFIX}country-iso`

/** Whether a node lies in an area; undefined: it cannot be said (area not defined, node not located). */
export type Inside = (area: Area, node: NodeView) => boolean | undefined

/** The facts of a row: what makes a node a member of it, besides being usable. */
export type RowFacts = Pick<Row, 'attributes' | 'anyOf' | 'noneOf' | 'near'>

type Circle = Extract<Area, { kind: 'circle' }>

const OUTSIDE: Obstacle = { reason: 'Outside' }
const UNLOCATED: Obstacle = { reason: 'Unlocated' }

/** One object per `near`, so that an index can remember it by identity. */
const circles = new WeakMap<object, Circle>()

/** The circle that a row demands; undefined: none (no `near`, or only the k nearest). */
export function circleOf({ near }: RowFacts): Circle | undefined {
  if (near?.km === undefined) return undefined
  let circle = circles.get(near)
  if (!circle) {
    circle = { kind: 'circle', lat: near.lat, lon: near.lon, km: near.km }
    circles.set(near, circle)
  }
  return circle
}

/**
 * Whether it is known where a node is: one of which it is not is in no selection, not even by
 * exclusion. The country is enough; areas and distances need the coordinates as well.
 */
export function isLocated(node: NodeView): boolean {
  return Object.hasOwn(node.labels, COUNTRY_LABEL)
}

function unknown(area: Area, node: NodeView): Obstacle {
  const undefinedArea = area.kind === 'named' && node.place !== undefined
  return undefinedArea ? { reason: 'AreaUnknown', detail: area.name } : UNLOCATED
}

/** Inside at least one; an area that cannot be judged is named only when no other one holds the node. */
function outsideAll(areas: readonly Area[], node: NodeView, inside: Inside): Obstacle | undefined {
  let obstacle = OUTSIDE
  for (const area of areas) {
    const verdict = inside(area, node)
    if (verdict) return undefined
    if (verdict === undefined) obstacle = unknown(area, node)
  }
  return areas.length === 0 ? undefined : obstacle
}

function insideAny(areas: readonly Area[], node: NodeView, inside: Inside): Obstacle | undefined {
  for (const area of areas) {
    const verdict = inside(area, node)
    if (verdict !== false) return verdict ? OUTSIDE : unknown(area, node)
  }
  return undefined
}

/** Why a node is not in a row's facts; undefined: it is. Unlocated, Outside or AreaUnknown. */
export function factObstacle(row: RowFacts, node: NodeView, inside: Inside): Obstacle | undefined {
  if (!isLocated(node)) return UNLOCATED
  for (const requirement of row.attributes) {
    if (!matchesRequirement(node.labels, requirement)) return OUTSIDE
  }
  if (row.near && !node.place) return UNLOCATED
  const circle = circleOf(row)
  if (circle && !inside(circle, node)) return OUTSIDE
  return outsideAll(row.anyOf, node, inside) ?? insideAny(row.noneOf, node, inside)
}
