/** `outside-` and the name must fit in the 63 characters of a label's name. */
export const MAX_AREA_NAME = 55
const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/
/** The form of the ids of inline areas, whose labels a name must not be able to take. */
const HASH = /^[0-9a-f]{20}$/

/** Whether a GeoArea of this name can be referred to. */
export const isAreaName = (text: string): boolean =>
  text.length <= MAX_AREA_NAME && NAME.test(text) && !HASH.test(text)
