import { labelValue } from './label-value.ts'

/**
 * What stands for a city: its English name, or its GeoNames number when there is no name that can be
 * written as a label; undefined when there is neither.
 */
export function cityValue(name: unknown, geonameId: unknown): string | undefined {
  if (typeof name === 'string' && labelValue(name) !== undefined) return name
  if (typeof geonameId !== 'number' || !Number.isSafeInteger(geonameId) || geonameId <= 0) {
    return undefined
  }
  return String(geonameId)
}
