import type { Figures, Run } from './replay.ts'

const HEAD = [
  'row',
  'kind',
  'lease',
  'admission',
  '+ selection',
  'all up',
  'detection',
  'recovery',
  'label writes',
  'restarted',
  'restarted after return',
]

const seconds = (value: number, digits = 1): string => value.toFixed(digits)

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

function paperLine({ row: { name, count, paper }, kind }: Figures): string {
  const { up, recovery } = paper[kind]
  const create = seconds(paper.create, 2)
  const times = [seconds(up), seconds(paper.detection), seconds(recovery)]
  // With one pod there is no other that could be restarted.
  const restarted = count > 1 ? 'all' : '–'
  return line([name, kind, 'original', create, '', ...times, '', restarted, restarted])
}

function ourLine(figures: Figures, leaseSeconds: number): string {
  const { row, kind, create, selected, up, detection, recovery } = figures
  const { labelWrites, restarted, restartedAfterReturn, failures } = figures
  const counts = [labelWrites, restarted, restartedAfterReturn].map(String)
  const last = counts.at(-1) + (failures.length > 0 ? ` (${failures.join(', ')})` : '')
  return line([
    row.name,
    kind,
    `${leaseSeconds} s`,
    seconds(create, 3),
    seconds(selected, 3),
    seconds(up),
    seconds(detection),
    seconds(recovery),
    ...counts.slice(0, -1),
    last,
  ])
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

/** Markdown. Of the original: what its paper prints, and what we counted when we ran it. */
export function healingTable(runs: readonly Run[]): string {
  const [first] = runs
  const rows = (first?.rows ?? []).flatMap((figures, i) => [
    paperLine(figures),
    ...runs.map(({ leaseSeconds, rows }) => ourLine(rows[i] ?? figures, leaseSeconds)),
  ])
  const all = runs.flatMap(({ rows: own }) => own)
  const admission = seconds(median(all.map(({ create }) => create)) * 1000, 0)
  const selection = seconds(median(all.map(({ selected }) => selected)) * 1000, 0)
  return [
    line(HEAD),
    line(HEAD.map(() => '---')),
    ...rows,
    '',
    `Median of ${all.length}: admission ${admission} ms, with selection ${selection} ms.`,
  ].join('\n')
}
