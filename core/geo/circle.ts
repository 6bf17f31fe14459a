import { distanceKm } from './distance.ts'
import type { CompiledArea } from './types.ts'

/**
 * The places within `km` of a centre, the edge included; degrees and km. Throws a RangeError for
 * what is no circle on Earth: user input is checked before.
 */
export function compileCircle(lat: number, lon: number, km: number): CompiledArea {
  if (!(Math.abs(lat) <= 90) || !Number.isFinite(lon) || !(km >= 0)) {
    throw new RangeError(`no circle on Earth: ${km} km around ${lat},${lon}`)
  }
  const centre = { lat, lon }
  const beyond = (atLat: number, atLon: number): number =>
    distanceKm(centre, { lat: atLat, lon: atLon }) - km
  return {
    contains: (atLat, atLon) => Math.abs(atLat) <= 90 && beyond(atLat, atLon) <= 0,
    distanceKm: (atLat, atLon) => Math.max(0, beyond(atLat, atLon)),
  }
}
