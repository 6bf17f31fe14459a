import type { KubeObject } from '../../admission/types.ts'
import { findCountry, suggestCountry } from '../../geo/countries.ts'
import { readShape } from '../../geo/geojson.ts'
import { GEO_AREA_LIMITS } from '../../geo/limits.ts'
import { Refusal } from '../../refusal.ts'
import { isAreaName, MAX_AREA_NAME } from '../grammar/area-name.ts'
import type { AreaDefinition } from './area-index.ts'

/** A GeoArea object, as far as decisions need it. */
export interface GeoArea {
  readonly name: string
  readonly uid: string
  readonly generation: number
  readonly definition: AreaDefinition
  /** Of the outlines; 0 for a list of countries. */
  readonly vertices: number
}

/** Reads `spec` of a GeoArea. Throws Refusal when it does not hold exactly one right definition. */
export function geoAreaOf(object: KubeObject): GeoArea {
  const spec = (object['spec'] ?? {}) as { geojson?: unknown; countries?: unknown }
  const { metadata } = object
  const common = {
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    generation: metadata.generation ?? 0,
  }
  if ((spec.geojson === undefined) === (spec.countries === undefined)) {
    throw new Refusal(
      'EDGENET_AREA_DEFINITION',
      'spec',
      'a GeoArea needs exactly one of spec.geojson and spec.countries',
    )
  }
  if (spec.countries !== undefined) {
    return { ...common, definition: { countries: countryCodes(spec.countries) }, vertices: 0 }
  }
  const shape = readShape(spec.geojson, 'spec.geojson', GEO_AREA_LIMITS)
  const vertices = shape.polygons.flat().reduce((sum, ring) => sum + ring.length, 0)
  return { ...common, definition: { shape }, vertices }
}

/** The same of an object that is stored; undefined: what it holds got past admission and means nothing. */
export function storedGeoArea(object: KubeObject): GeoArea | undefined {
  try {
    return geoAreaOf(object)
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
}

/** Throws Refusal for the name of a GeoArea that no annotation could refer to. */
export function checkAreaName(name: string): void {
  if (isAreaName(name)) return
  throw new Refusal(
    'EDGENET_AREA_NAME_INVALID',
    'metadata.name',
    `the name of a GeoArea becomes a part of labels on nodes: choose one of at most ${MAX_AREA_NAME} lower-case letters, digits, - and ., that is not just 20 hexadecimal digits`,
  )
}

function countryCodes(value: unknown): string[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw new Refusal('EDGENET_AREA_DEFINITION', 'spec.countries', 'list at least one country')
  }
  const codes = value.map((entry: unknown, i) => {
    const country = typeof entry === 'string' ? findCountry(entry) : undefined
    if (country) return country.iso
    const nearest = typeof entry === 'string' ? suggestCountry(entry) : undefined
    throw new Refusal(
      'EDGENET_COUNTRY_UNKNOWN',
      `spec.countries[${i}]`,
      `there is no country ${JSON.stringify(entry)}${nearest ? `; did you mean ${nearest}?` : ''}`,
    )
  })
  return [...new Set(codes)].sort()
}
