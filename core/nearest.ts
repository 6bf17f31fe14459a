/** Longer texts are not compared: nobody mistypes a name of this length, and the cost is quadratic. */
const MAX_LENGTH = 64

/**
 * The candidate that was probably meant, for "did you mean" sentences. Letter case is ignored; an
 * edit is an insertion, deletion, substitution or swap of neighbours, and about one edit in three
 * letters is forgiven (at least one, at most three). Ties go to the earlier candidate.
 */
export function nearest(text: string, candidates: Iterable<string>): string | undefined {
  if (text.length > MAX_LENGTH) return undefined
  const wanted = text.trim().toLowerCase()
  if (wanted === '') return undefined
  let best: string | undefined
  let limit = Math.min(3, Math.max(1, Math.floor(wanted.length / 3)))
  for (const candidate of candidates) {
    const distance = editDistance(wanted, candidate.toLowerCase(), limit)
    if (distance > limit) continue
    best = candidate
    limit = distance - 1
    if (limit < 0) break
  }
  return best
}

/**
 * Damerau-Levenshtein distance (optimal string alignment) in UTF-16 units; any number above `limit`
 * once it is clear that the limit is exceeded.
 */
export function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit || b.length > MAX_LENGTH * 2) return limit + 1
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    let least = i
    for (let j = 1; j <= b.length; j++) {
      const cost = cheapest(a, b, i, j, { next, row, before })
      next.push(cost)
      least = Math.min(least, cost)
    }
    if (least > limit) return limit + 1
    before = row
    row = next
  }
  return row[b.length] ?? limit + 1
}

interface Rows {
  readonly next: readonly number[]
  readonly row: readonly number[]
  readonly before: readonly number[]
}

/** The cell (i, j) of the table from the three rows that it depends on. */
function cheapest(a: string, b: string, i: number, j: number, rows: Rows): number {
  const same = a[i - 1] === b[j - 1] ? 0 : 1
  const plain = Math.min(at(rows.row, j) + 1, at(rows.next, j - 1) + 1, at(rows.row, j - 1) + same)
  const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
  return swapped ? Math.min(plain, at(rows.before, j - 2) + 1) : plain
}

const at = (row: readonly number[], j: number): number => row[j] ?? Number.POSITIVE_INFINITY
