import anyAscii from 'any-ascii'

/** Kubernetes' limit on label values. */
const MAX_LABEL = 63
/** More of a text is not read: 63 characters of label never need it, and the work stays bounded. */
const MAX_TEXT = 4096

/**
 * A name as a label value: transliterated ("São Paulo" is Sao_Paulo), with `_` for every run of
 * characters that a label cannot hold, at most 63 characters, with a letter or digit at both ends.
 * When nothing is left, the same of `fallback`, else undefined. Its own result is left as it is.
 */
export function labelValue(text: string, fallback?: string): string | undefined {
  const ascii = anyAscii(text.slice(0, MAX_TEXT).normalize('NFC'))
  const mapped = ascii.replaceAll(/[^A-Za-z0-9_.-]/g, '_').replaceAll(/_+/g, '_')
  const value = trimEnd(trimStart(mapped).slice(0, MAX_LABEL))
  if (value !== '') return value
  return fallback === undefined ? undefined : labelValue(fallback)
}

const trimStart = (value: string): string => value.replace(/^[-_.]+/, '')

/** By index: a regular expression anchored at the end only takes quadratic time on runs. */
function trimEnd(value: string): string {
  let end = value.length
  while (end > 0 && '-_.'.includes(value.charAt(end - 1))) end--
  return value.slice(0, end)
}

/** Labels of a place, degrees: `n37.423000`, `w-122.163900`; a letter, then the signed number. */
export interface CoordinateLabels {
  readonly lat: string
  readonly lon: string
}

/** Throws a RangeError for what is no place on Earth: locations are checked before they are written. */
export function coordinateLabels(lat: number, lon: number): CoordinateLabels {
  if (!(Math.abs(lat) <= 90 && Math.abs(lon) <= 180)) {
    throw new RangeError(`no place on Earth: latitude ${lat}, longitude ${lon}`)
  }
  return { lat: signed(lat, 'n', 's'), lon: signed(lon, 'e', 'w') }
}

function signed(degrees: number, positive: string, negative: string): string {
  // Rounded first, so that a hair below zero is not written as -0.000000.
  const rounded = Math.round(degrees * 1e6) / 1e6
  return `${rounded < 0 ? negative : positive}${rounded.toFixed(6)}`
}

/** Degrees of one coordinate label; undefined unless it is exactly of the form that is written. */
export function parseCoordinateLabel(text: string): number | undefined {
  const match = /^([nsew])(-?)(\d{1,3}(?:\.\d{1,15})?)$/.exec(text)
  if (match === null) return undefined
  const [, letter = '', minus = '', digits = ''] = match
  const south = letter === 's' || letter === 'w'
  const degrees = Number(digits)
  if (south !== (minus === '-') || degrees > (letter === 'n' || letter === 's' ? 90 : 180)) {
    return undefined
  }
  return south ? -degrees + 0 : degrees
}
