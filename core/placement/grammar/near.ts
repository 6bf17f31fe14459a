import { areaId } from '../labels.ts'
import type { Area, Row } from '../types.ts'
import { quote, refusal } from '../untyped.ts'
import { textOf } from './values.ts'

type Near = NonNullable<Row['near']>
type Circle = Extract<Area, { kind: 'circle' }>

/** Half of Earth's circumference, the greatest distance there is, in kilometres. */
const FARTHEST_KM = 20_038
const KM_PER_UNIT = new Map([
  ['km', 1],
  ['m', 0.001],
  ['mi', 1.609344],
])
const MAX_POINTS = 64
const MAX_LENGTH = 128

const DEGREES = String.raw`([+-]?\d{1,3}(?:\.\d{1,20})?)`
const FORM = new RegExp(
  String.raw`^${DEGREES}\s*,\s*${DEGREES}(?:\s+within\s+(\d{1,9}(?:\.\d{1,20})?)\s*(km|mi|m))?$`,
  'i',
)
const EXAMPLE = 'write it as "48.8566,2.3522 within 100km" (latitude, longitude; km, m or mi)'

/** One point, or (all with a radius) circles of which any will do. */
export interface NearPlaces {
  readonly near?: Near
  readonly anyOf: readonly Circle[]
}

/**
 * Reads `lat,lon within 100km`, several of them with `;` between (or as a list), or with `nodes` in
 * the row also `lat,lon` alone, for the nearest nodes. Throws Refusal.
 */
export function readNear(value: unknown, field: string, counted: boolean): NearPlaces {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value]
  const points = items.flatMap((item) => textOf(item, field).split(';'))
  if (points.length > MAX_POINTS) {
    throw refusal(
      'NEAR_INVALID',
      field,
      `has ${points.length} points, at most ${MAX_POINTS} are allowed`,
    )
  }
  const read = points.map((point) => readPoint(point.trim(), field))
  const [only, second] = read
  if (only && !second) {
    if (only.km === undefined && !counted) {
      throw refusal(
        'NEAR_INVALID',
        field,
        `needs a radius, or ${'`nodes`'} beside it for the nearest nodes; ${EXAMPLE}`,
      )
    }
    return { near: only, anyOf: [] }
  }
  const circles = new Map(
    read.map((point) => circle(point, field)).map((area) => [areaId(area), area]),
  )
  return { anyOf: [...circles.keys()].sort().flatMap((id) => circles.get(id) ?? []) }
}

function circle({ lat, lon, km }: Near, field: string): Circle {
  if (km !== undefined) return { kind: 'circle', lat, lon, km }
  throw refusal('NEAR_INVALID', field, `of several points each needs a radius; ${EXAMPLE}`)
}

function readPoint(text: string, field: string): Near {
  if (text === '') throw refusal('VALUE_EMPTY', field, `has an empty point; ${EXAMPLE}`)
  const parts = text.length > MAX_LENGTH ? null : FORM.exec(text)
  if (!parts) throw refusal('NEAR_INVALID', field, `cannot read ${quote(text)}; ${EXAMPLE}`)
  const [, latText = '', lonText = '', distance, unit = ''] = parts
  const lat = Number(latText)
  const lon = Number(lonText)
  checkPlace(lat, lon, field)
  const place = { lat: lat + 0, lon: lon === -180 ? 180 : lon + 0 }
  if (distance === undefined) return place
  const km = Number(distance) * (KM_PER_UNIT.get(unit.toLowerCase()) ?? Number.NaN)
  if (!(km > 0 && km <= FARTHEST_KM)) {
    throw refusal(
      'NEAR_INVALID',
      field,
      `the radius must be more than 0 and at most ${FARTHEST_KM} km`,
    )
  }
  // Eight digits behind the point (10 µm) hide that 0.1 has no exact binary form: 100m is 0.1km.
  return { ...place, km: Number(km.toFixed(8)) }
}

function checkPlace(lat: number, lon: number, field: string): void {
  if (Math.abs(lat) <= 90 && Math.abs(lon) <= 180) return
  const swapped = Math.abs(lon) <= 90 && Math.abs(lat) <= 180
  const hint = swapped ? `; latitude comes first, did you mean "${lon},${lat}"?` : ''
  throw refusal(
    'NEAR_INVALID',
    field,
    `latitude must be within ±90 and longitude within ±180 degrees${hint}`,
  )
}
