import { compileCircle } from './circle.ts'
import { indexEdges } from './edge-index.ts'
import { edgesOf } from './edges.ts'
import { outlineDistance } from './outline-distance.ts'
import { spanOf } from './span.ts'
import type { CompiledArea, PolygonRings, Ring, Shape } from './types.ts'
import { POLE, TURN, toUnits } from './units.ts'

/**
 * A shape made ready for many places. Membership is decided exactly on places rounded to 1e-7 degree:
 * edges are straight in longitude and latitude (as RFC 7946 says), edges and corners are inside,
 * where a polygon's rings overlap an odd number counts as inside, and the polygons are united.
 * Anything but a place on Earth (NaN, a latitude beyond 90) is outside.
 */
export function compileShape(shape: Shape): CompiledArea {
  const index = indexEdges(edgesOf(shape), spanOf(shape))
  const north = shape.polygons.some((polygon) => holdsPole(polygon, 90))
  const south = shape.polygons.some((polygon) => holdsPole(polygon, -90))
  const contains = (lat: number, lon: number): boolean => {
    if (!(Math.abs(lat) <= 90 && Number.isFinite(lon))) return false
    const y = toUnits(lat)
    if (y === POLE) return north
    return y === -POLE ? south : index.contains(toUnits(lon), y)
  }
  // Made when first asked for: most areas never are.
  let toOutline: ((lat: number, lon: number) => number) | undefined
  return {
    contains,
    distanceKm(lat, lon) {
      if (contains(lat, lon)) return 0
      toOutline ??= outlineDistance(shape)
      return toOutline(lat, lon)
    },
  }
}

/**
 * Whether a pole, which every meridian passes through, is in a polygon: it touches the pole, unless
 * the rings that go all the way round it are even in number (an outer cap and its hole).
 */
function holdsPole(polygon: PolygonRings, lat: number): boolean {
  const around = polygon.filter((ring) => lengthAlong(ring, lat) >= TURN).length
  if (around > 0) return around % 2 === 1
  return polygon.some((ring) => ring.some((position) => position[1] === lat))
}

/** How much longitude a ring covers along a parallel, in units. */
function lengthAlong(ring: Ring, lat: number): number {
  let length = 0
  ring.forEach(([lon, at], i) => {
    const next = ring[i + 1]
    if (at === lat && next?.[1] === lat) length += Math.abs(toUnits(next[0]) - toUnits(lon))
  })
  return length
}

export { compileCircle }

/** Both compilers, for those that are handed them. */
export const compiler = { shape: compileShape, circle: compileCircle }
