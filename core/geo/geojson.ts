import { nearest } from '../nearest.ts'
import { describe, geometryRefusal } from './geometry-refusal.ts'
import { ANNOTATION_LIMITS, type GeometryLimits } from './limits.ts'
import { normalise } from './normalise.ts'
import { type Reading, readRing } from './read-ring.ts'
import type { Shape } from './types.ts'
import type { RawPolygon } from './units.ts'

/** A shape, and sentences on what in it can be read in two ways (each under 256 bytes). */
export interface ReadGeometry {
  readonly shape: Shape
  readonly warnings: readonly string[]
}

/**
 * The shape that an untrusted value means: GeoJSON (RFC 7946) as text or parsed, a geometry, Feature,
 * FeatureCollection or GeometryCollection that holds nothing but polygons; their union is meant.
 * Throws a Refusal with a code EDGENET_GEOMETRY_… that names `field`.
 */
export function readShape(
  value: unknown,
  field: string,
  limits: Partial<GeometryLimits> = {},
): Shape {
  return readGeometry(value, field, limits).shape
}

/** As readShape, with the warnings. */
export function readGeometry(
  value: unknown,
  field: string,
  limits: Partial<GeometryLimits> = {},
): ReadGeometry {
  const walk: Walk = {
    field,
    limits: { ...ANNOTATION_LIMITS, ...limits },
    vertices: 0,
    items: 0,
    polygons: [],
  }
  readNode(typeof value === 'string' ? parse(value, walk) : value, '', 0, walk)
  if (walk.polygons.length === 0) {
    throw geometryRefusal('EMPTY', field, 'the geometry has no polygon; give it at least one')
  }
  return normalise(walk.polygons, field)
}

interface Walk extends Reading {
  /** Features and geometries seen in collections. */
  items: number
  readonly polygons: RawPolygon[]
}

function parse(text: string, walk: Walk): unknown {
  const { bytes } = walk.limits
  if (text.length > bytes || Buffer.byteLength(text) > bytes) {
    const sentence = `the GeoJSON text is larger than ${bytes} bytes; simplify the outline, or put it in a GeoArea and use its name`
    throw geometryRefusal('TOO_LARGE', walk.field, sentence)
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 120) : 'unreadable'
    throw geometryRefusal('NOT_JSON', walk.field, `the GeoJSON is not valid JSON: ${reason}`)
  }
}

type Reader = (node: object, path: string, depth: number, walk: Walk) => void

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  [
    'Polygon',
    (node, path, _, walk) => readPolygon(member(node, 'coordinates'), `${path}coordinates`, walk),
  ],
  ['MultiPolygon', readMultiPolygon],
  [
    'Feature',
    (node, path, depth, walk) =>
      readNode(member(node, 'geometry'), `${path}geometry`, depth + 1, walk),
  ],
  [
    'FeatureCollection',
    (node, path, depth, walk) => readItems(node, `${path}features`, depth, walk),
  ],
  [
    'GeometryCollection',
    (node, path, depth, walk) => readItems(node, `${path}geometries`, depth, walk),
  ],
])
const WITHOUT_AREA = new Set(['Point', 'MultiPoint', 'LineString', 'MultiLineString'])

function readNode(value: unknown, path: string, depth: number, walk: Walk): void {
  const { field } = walk
  const what = path === '' ? 'the value' : path
  if (depth > walk.limits.depth) {
    const sentence = `collections are nested more than ${walk.limits.depth} deep; write the polygons as one MultiPolygon`
    throw geometryRefusal('TOO_DEEP', field, sentence)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const sentence = `${what} must be a GeoJSON object like {"type":"Polygon","coordinates":[[[lon,lat],…]]}, but is ${describe(value)}`
    throw geometryRefusal('STRUCTURE', field, sentence)
  }
  const type = member(value, 'type')
  const reader = typeof type === 'string' ? READERS.get(type) : undefined
  if (reader === undefined) throw geometryRefusal('TYPE', field, typeSentence(what, type))
  reader(value, path === '' ? '' : `${path}.`, depth, walk)
}

function typeSentence(what: string, type: unknown): string {
  const wanted = 'Polygon, MultiPolygon, GeometryCollection, Feature or FeatureCollection'
  if (type === undefined) return `${what} has no "type"; it must be ${wanted}`
  if (typeof type !== 'string')
    return `${what} has ${describe(type)} as "type"; it must be ${wanted}`
  if (WITHOUT_AREA.has(type)) {
    return `${what} is a ${type}, which has no area; use a Polygon, or the annotation near for a radius around a point`
  }
  const meant = nearest(type, READERS.keys())
  const hint = meant === undefined ? `it must be ${wanted}` : `did you mean "${meant}"?`
  return `${what} has the unknown type ${JSON.stringify(type.slice(0, 40))}; ${hint}`
}

function readItems(node: object, path: string, depth: number, walk: Walk): void {
  const items = list(member(node, path.slice(path.lastIndexOf('.') + 1)), path, walk)
  walk.items += items.length
  if (walk.items > walk.limits.vertices) {
    const sentence = `${path} brings the collections to ${walk.items} members, at most ${walk.limits.vertices} are allowed`
    throw geometryRefusal('TOO_LARGE', walk.field, sentence)
  }
  items.forEach((item, i) => {
    readNode(item, `${path}[${i}]`, depth + 1, walk)
  })
}

function readMultiPolygon(node: object, path: string, _depth: number, walk: Walk): void {
  const polygons = list(member(node, 'coordinates'), `${path}coordinates`, walk)
  checkPolygons(polygons.length, walk)
  polygons.forEach((polygon, i) => {
    readPolygon(polygon, `${path}coordinates[${i}]`, walk)
  })
}

function readPolygon(value: unknown, path: string, walk: Walk): void {
  const rings = list(value, path, walk)
  checkPolygons(1, walk)
  if (rings.length === 0) {
    throw geometryRefusal('EMPTY', walk.field, `${path} has no ring; a polygon needs an outer one`)
  }
  walk.polygons.push(rings.map((ring, i) => readRing(ring, `${path}[${i}]`, walk)))
}

function checkPolygons(more: number, walk: Walk): void {
  const count = walk.polygons.length + more
  if (count <= walk.limits.polygons) return
  const sentence = `the geometry has ${count} polygons or more, at most ${walk.limits.polygons} are allowed; leave the smallest out`
  throw geometryRefusal('TOO_LARGE', walk.field, sentence)
}

function list(value: unknown, path: string, walk: Walk): readonly unknown[] {
  if (Array.isArray(value)) return value
  const sentence =
    value === undefined ? `${path} is missing` : `${path} must be a list, but is ${describe(value)}`
  throw geometryRefusal('STRUCTURE', walk.field, sentence)
}

/** An own member of an untrusted object; what it inherits does not count. */
const member = (node: object, name: string): unknown =>
  Object.hasOwn(node, name) ? (node as Record<string, unknown>)[name] : undefined
