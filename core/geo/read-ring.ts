import { describe, geometryRefusal } from './geometry-refusal.ts'
import type { GeometryLimits } from './limits.ts'
import { at, type RawRing, toDegrees, toUnits } from './units.ts'

/** Longitudes up to one and a half turns: outlines that run on over the antimeridian either way. */
const MAX_LON = 540

/** What one reading of a geometry carries along. */
export interface Reading {
  readonly field: string
  readonly limits: GeometryLimits
  /** Positions seen so far in all rings. */
  vertices: number
}

/** One linear ring of RFC 7946: at least four positions, the last equal to the first. */
export function readRing(value: unknown, path: string, reading: Reading): RawRing {
  const { field } = reading
  if (!Array.isArray(value)) {
    const sentence = `${path} must be a ring, a list of positions, but is ${describe(value)}`
    throw geometryRefusal('STRUCTURE', field, sentence)
  }
  countVertices(value.length, path, reading)
  const points: number[] = []
  for (let i = 0; i < value.length; i++) {
    const position: unknown = value[i]
    if (!isPosition(position)) refusePosition(position, `${path}[${i}]`, field)
    points.push(toUnits(position[0]), toUnits(position[1]))
  }
  closeRing(points, path, field)
  return { path, points }
}

function countVertices(count: number, path: string, reading: Reading): void {
  const { vertices } = reading.limits
  reading.vertices += count
  if (reading.vertices <= vertices) return
  const sentence = `${path} brings the geometry to ${reading.vertices} positions, at most ${vertices} are allowed; simplify the outline`
  throw geometryRefusal('TOO_LARGE', reading.field, sentence)
}

/** Takes the closing position off after checking that it is there; we do not invent one. */
function closeRing(points: number[], path: string, field: string): void {
  const count = points.length / 2
  if (count < 4) {
    const sentence = `${path} has ${count} positions; a ring needs at least 4, the last equal to the first`
    throw geometryRefusal('POSITIONS', field, sentence)
  }
  const [lat, lon] = [points.pop(), points.pop()]
  if (lon === points[0] && lat === points[1]) return
  const first = `[${toDegrees(at(points, 0))}, ${toDegrees(at(points, 1))}]`
  throw geometryRefusal(
    'UNCLOSED',
    field,
    `${path} is not closed; add ${first} as its last position`,
  )
}

type GoodPosition = readonly [lon: number, lat: number, ...rest: unknown[]]

function isPosition(value: unknown): value is GoodPosition {
  if (!Array.isArray(value) || value.length < 2) return false
  const [lon, lat]: unknown[] = value
  return (
    typeof lon === 'number' &&
    typeof lat === 'number' &&
    Math.abs(lon) <= MAX_LON &&
    Math.abs(lat) <= 90 &&
    (value.length === 2 || Number.isFinite(value[2]))
  )
}

/** Says what is wrong with a position that isPosition() does not take. */
function refusePosition(value: unknown, path: string, field: string): never {
  if (!Array.isArray(value) || value.length < 2) {
    const what = Array.isArray(value) ? `a list of ${value.length}` : describe(value)
    const sentence = `${path} must be a position, [longitude, latitude], but is ${what}`
    throw geometryRefusal('STRUCTURE', field, sentence)
  }
  const wrong = value.slice(0, 3).findIndex((each) => !Number.isFinite(each))
  if (wrong >= 0) {
    const sentence = `${path}[${wrong}] must be a finite number of degrees, but is ${describe(value[wrong])}`
    throw geometryRefusal('NUMBER', field, sentence)
  }
  const [lon, lat]: [number, number] = [value[0], value[1]]
  const sentence =
    Math.abs(lat) > 90
      ? `${path} has latitude ${lat}, outside -90 to 90 degrees`
      : `${path} has longitude ${lon}, outside -${MAX_LON} to ${MAX_LON} degrees`
  const swapped = Math.abs(lat) > 90 && Math.abs(lat) <= MAX_LON && Math.abs(lon) <= 90
  if (!swapped) throw geometryRefusal('RANGE', field, sentence)
  const hint = `GeoJSON puts longitude first, did you mean [${lat}, ${lon}]?`
  throw geometryRefusal('SWAPPED', field, `${sentence}; ${hint}`)
}
