/** At most this many slabs; a query then meets the edges of less than 1/20 of a degree at best. */
const MAX_SLABS = 8192

/** Which intervals touch which slab of [0, width], as one list with the start of each slab's part. */
export interface Slabs {
  readonly count: number
  readonly starts: Int32Array
  readonly ids: Int32Array
  slabOf(x: number): number
}

/**
 * Sorts intervals [from[i], to[i]] into equal slabs, in order of their numbers within each slab.
 * Long intervals stand in many slabs: fewer slabs are made beyond about `entries` per interval,
 * which bounds memory for outlines that go to and fro over the Earth.
 */
export function makeSlabs(
  from: Float64Array,
  to: Float64Array,
  width: number,
  entries: number,
): Slabs {
  const count = slabCount(from, to, width, entries)
  const scale = width > 0 ? count / width : 0
  const slabOf = (x: number): number => {
    const slab = Math.floor(x * scale)
    return slab < 0 ? 0 : slab >= count ? count - 1 : slab
  }
  const starts = new Int32Array(count + 1)
  for (let i = 0; i < from.length; i++) {
    const last = slabOf(to[i] as number)
    for (let s = slabOf(from[i] as number); s <= last; s++) (starts[s + 1] as number)++
  }
  for (let s = 0; s < count; s++) (starts[s + 1] as number) += starts[s] as number
  const ids = new Int32Array(starts[count] as number)
  const next = starts.slice()
  for (let i = 0; i < from.length; i++) {
    const last = slabOf(to[i] as number)
    for (let s = slabOf(from[i] as number); s <= last; s++) ids[(next[s] as number)++] = i
  }
  return { count, starts, ids, slabOf }
}

function slabCount(from: Float64Array, to: Float64Array, width: number, entries: number): number {
  let total = 0
  for (let i = 0; i < from.length; i++) total += (to[i] as number) - (from[i] as number)
  const byEntries = (entries * from.length * width) / Math.max(1, total)
  return Math.max(1, Math.min(MAX_SLABS, from.length, Math.floor(byEntries)))
}
