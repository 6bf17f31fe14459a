import { type Place, unitVector, type Vector } from '../../geo/distance.ts'
import type { Hosts } from '../choice/hosts.ts'
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
 * How many pairs of a node and an area are measured exactly, for at most MEASURED nodes. A distance to
 * an outline of 10,000 vertices costs about a tenth of a millisecond, so of thousands of nodes all
 * others are only compared with the anchors.
 */
const MEASUREMENTS = 16
const MEASURED = 8

/** Places that stand for the areas together. */
const ANCHORS = 64

/** Unit vectors of places on the areas, one after the other. */
function anchorsOf(areas: readonly Area[], measure: Measure): Float64Array {
  const places = areas.flatMap((area) => measure.anchors(area))
  const step = Math.ceil(places.length / ANCHORS)
  const some = places.filter((_, i) => i % step === 0)
  return Float64Array.from(some.flatMap(({ lat, lon }: Place) => unitVector(lat, lon)))
}

/** Square of the chord from a point to the nearest anchor, on the unit sphere; NaN for no place. */
function roughly([x, y, z]: Vector, anchors: Float64Array): number {
  let least = Number.POSITIVE_INFINITY
  // A pass over all nodes for one answer: no calls in it.
  for (let i = 0; i < anchors.length; i += 3) {
    const dx = (anchors[i] as number) - x
    const dy = (anchors[i + 1] as number) - y
    const dz = (anchors[i + 2] as number) - z
    const chord = dx * dx + dy * dy + dz * dz
    if (!(chord >= least)) least = chord
  }
  return least
}

interface Rough {
  readonly node: NodeView
  readonly rough: number
}

/** The usable nodes that are roughly nearest, by one pass that keeps only `count` of them. */
function shortlist(
  anchors: Float64Array,
  slots: readonly number[],
  hosts: Hosts,
  count: number,
): readonly NodeView[] {
  let list: Rough[] = []
  for (const slot of slots) {
    const point = hosts.table.columns.point(slot)
    const rough = point ? roughly(point, anchors) : Number.NaN
    // Before the costly question whether it can be used.
    if (!(rough <= (list[count - 1]?.rough ?? Number.POSITIVE_INFINITY))) continue
    if (hosts.obstacle(slot)) continue
    list.push({ node: hosts.node(slot), rough })
    list.sort((a, b) => a.rough - b.rough || (a.node.name < b.node.name ? -1 : 1))
    list = list.slice(0, count)
  }
  return list.map(({ node }) => node)
}

/**
 * The usable node (of the slots, which are outside) that is nearest to any of the areas; undefined: no
 * node or no outline. Where many nodes are about equally near it may be another one of those.
 */
export function nearestOutside(
  areas: readonly Area[],
  slots: readonly number[],
  hosts: Hosts,
  measure: Measure,
): Outside | undefined {
  const anchors = anchorsOf(areas, measure)
  const count = Math.max(1, Math.min(MEASURED, Math.floor(MEASUREMENTS / areas.length)))
  let best: Outside | undefined
  for (const node of anchors.length > 0 ? shortlist(anchors, slots, hosts, count) : []) {
    for (const area of areas) {
      const km = measure.distanceKm(area, node)
      if (km === undefined || (best && km >= best.km)) continue
      const city = (node.labels[`${PREFIX}city`] ?? '').replaceAll('_', ' ')
      best = { node: node.name, km, text: `${node.name}, ${city && `${city}, `}${kmWords(km)}` }
    }
  }
  return best
}
