/** One line of the table that the benchmarks print. */
export interface Figure {
  readonly what: string
  readonly ours: string
  /** The same without EdgeNet, or what it is to be measured by. */
  readonly beside?: string
}

/** Progress, so that nobody thinks that nothing happens. */
export type Say = (line: string) => void

/** `3.42 ms`; two digits behind the point while they say anything. */
export const ms = (value: number): string => `${value.toFixed(value < 100 ? 2 : 0)} ms`

export const seconds = (value: number): string => `${(value / 1000).toFixed(1)} s`

/** The value below which a share `q` of the values lies; NaN without values. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}

/** `p50 1.20 ms, p99 3.42 ms`. */
export const p50p99 = (values: readonly number[]): string =>
  `p50 ${ms(quantile(values, 0.5))}, p99 ${ms(quantile(values, 0.99))}`

/** Aligned columns: figure, ours, beside. */
export function table(figures: readonly Figure[]): string {
  const rows = [
    ['figure', 'ours', 'alternative or bar'],
    ...figures.map(({ what, ours, beside = '' }) => [what, ours, beside]),
  ]
  const widths = [0, 1, 2].map((i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd()
  const rule = widths.map((width) => '-'.repeat(width))
  return [rows[0] ?? [], rule, ...rows.slice(1)].map(line).join('\n')
}
