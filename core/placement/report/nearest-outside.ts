import { type Place, unitVector, type Vector } from '../../geo/distance.ts'
import { PREFIX } from '../labels.ts'
import type { Area, NodeView } from '../types.ts'
import { kmWords } from './words.ts'

/** The measurements that AreaIndex offers. */
export interface Measure {
  /** A few places on or in an area, all over it. */
  anchors(area: Area): readonly Place[]
  /** Kilometres to an area; undefined: it has no outline. */
  distanceKm(area: Area, node: NodeView): number | undefined
}

export interface Outside {
  readonly node: string
  readonly km: number
  readonly text: string
}

/**
 * How many nodes are measured exactly. A distance to an outline of 10,000 vertices costs about a tenth
 * of a millisecond, so of thousands of nodes all others are only compared with the anchors.
 */
const MEASURED = 8

/** Square of the chord to the nearest anchor, on the unit sphere. */
function roughly({ lat, lon }: Place, anchors: readonly Vector[]): number {
  const [x, y, z] = unitVector(lat, lon)
  let least = Number.POSITIVE_INFINITY
  for (const [a, b, c] of anchors) {
    least = Math.min(least, (a - x) ** 2 + (b - y) ** 2 + (c - z) ** 2)
  }
  return least
}

interface Rough {
  readonly node: NodeView
  readonly rough: number
}

/** The nodes that are roughly nearest, by one pass that keeps only those. */
function shortlist(
  areas: readonly Area[],
  nodes: readonly NodeView[],
  measure: Measure,
): readonly NodeView[] {
  const anchors = areas
    .flatMap((area) => measure.anchors(area))
    .map(({ lat, lon }) => unitVector(lat, lon))
  let list: Rough[] = []
  for (const node of nodes) {
    if (!node.place) continue
    const rough = roughly(node.place, anchors)
    const last = list[MEASURED - 1]
    if (last && rough > last.rough) continue
    list.push({ node, rough })
    list.sort((a, b) => a.rough - b.rough || (a.node.name < b.node.name ? -1 : 1))
    list = list.slice(0, MEASURED)
  }
  return list.map(({ node }) => node)
}

/**
 * The node nearest to any of the areas, of nodes outside them; undefined: no node or no outline.
 * Where many nodes are about equally near it may be another one of those.
 */
export function nearestOutside(
  areas: readonly Area[],
  nodes: readonly NodeView[],
  measure: Measure,
): Outside | undefined {
  let best: Outside | undefined
  for (const node of shortlist(areas, nodes, measure)) {
    for (const area of areas) {
      const km = measure.distanceKm(area, node)
      if (km === undefined || (best && km >= best.km)) continue
      const city = (node.labels[`${PREFIX}city`] ?? '').replaceAll('_', ' ')
      best = { node: node.name, km, text: `${node.name}, ${city && `${city}, `}${kmWords(km)}` }
    }
  }
  return best
}
