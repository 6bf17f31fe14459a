import anyAscii from 'any-ascii'

/** The longest name of a country has 56 letters; beyond this a text is no name. */
const MAX_LENGTH = 100
const WITHOUT_MEANING = new Set(['the', 'and', 'of'])

/** A name in plain lower-case ASCII words: "Côte d'Ivoire" is "cote divoire". Empty if there is none. */
export function plainName(text: string): string {
  if (text.length > MAX_LENGTH) return ''
  const ascii = anyAscii(text.normalize('NFC')).toLowerCase()
  return ascii
    .replaceAll(/['.`]/g, '')
    .replaceAll(/[^a-z0-9]+/g, ' ')
    .trim()
}

/**
 * Equal for names that differ in case, accents, punctuation, order of words ("Korea, Republic of")
 * and small words ("Trinidad & Tobago"). Empty if the text has no name in it.
 */
export function nameKey(text: string): string {
  const words = plainName(text).split(' ')
  const telling = words.filter((word) => !WITHOUT_MEANING.has(word))
  return telling
    .map((word) => (word === 'st' ? 'saint' : word))
    .sort()
    .join(' ')
}
