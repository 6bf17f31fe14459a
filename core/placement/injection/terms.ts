import { circleOf } from '../choice/membership.ts'
import { areaLabel, outsideLabel } from '../labels.ts'
import type { Requirement, Row } from '../types.ts'

const exists = (key: string): Requirement => ({ key, operator: 'Exists' })

/**
 * The alternatives (ORed), each of ANDed requirements in fixed order, that a row becomes: attributes,
 * circle, excluded areas, one of the areas, and the choice label `use` of a counted row. The facts stay
 * beside the choice as a hard bound.
 */
export function termsOf(row: Row, use?: string): Requirement[][] {
  const circle = circleOf(row)
  const facts = [
    ...row.attributes.map((requirement) => structuredClone(requirement)),
    ...(circle ? [exists(areaLabel(circle))] : []),
    ...row.noneOf.map((area) => exists(outsideLabel(area))),
  ]
  const choice = use === undefined ? [] : [exists(use)]
  const areas = row.anyOf.length === 0 ? [[]] : row.anyOf.map((area) => [exists(areaLabel(area))])
  return areas.map((area) => [...facts, ...area, ...choice])
}

/** How many alternatives a row has, without making them. */
export const countTerms = (row: Row): number => Math.max(1, row.anyOf.length)
