import { hash80 } from '../hash.ts'

/** Kubernetes' limit on a label value. */
const MAX_LENGTH = 63
/** 40 bits tell long names of one place apart. */
const HASH_DIGITS = 10

/**
 * Joins label values to one that says where a name belongs, `FR.Paris`, `US-CA.Stanford`. A result
 * beyond the limit of label values is cut and ends in a hash of the whole. The labels of nodes and the
 * requirements of workloads are both made here, so that they agree.
 */
export function joinLabel(parts: readonly string[]): string {
  const whole = parts.join('.')
  if (whole.length <= MAX_LENGTH) return whole
  const head = whole.slice(0, MAX_LENGTH - HASH_DIGITS - 1).replace(/[-_.]+$/, '')
  return `${head}-${hash80(...parts).slice(0, HASH_DIGITS)}`
}
