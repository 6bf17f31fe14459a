const ellipsis = '…'
const encoder = new TextEncoder()
const ellipsisBytes = encoder.encode(ellipsis).length

/** Cuts `text` to at most `maxBytes` bytes of UTF-8, between code points, with `…` where it was cut. */
export function cutToBytes(text: string, maxBytes: number): string {
  const whole = text.toWellFormed()
  // A UTF-16 unit takes at least one byte, so a longer string need not be encoded to be too long.
  if (whole.length <= maxBytes && encoder.encode(whole).length <= maxBytes) return whole
  // encodeInto never splits a code point, and says how many UTF-16 units went in.
  const { read } = encoder.encodeInto(whole, new Uint8Array(Math.max(0, maxBytes - ellipsisBytes)))
  return whole.slice(0, read) + ellipsis
}

/** One line: the API server drops a warning with a control character in it without a word. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim()
}
