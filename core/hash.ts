import { createHash } from 'node:crypto'

/** 80 bits in 20 hex digits of the parts, unambiguous by their lengths. */
export function hash80(...parts: string[]): string {
  const h = createHash('sha256')
  for (const part of parts) h.update(`${Buffer.byteLength(part)}:${part}`)
  return h.digest('hex').slice(0, 20)
}
