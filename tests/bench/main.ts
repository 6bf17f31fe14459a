/**
 * `npm run bench [-- select admission scale]`: measures, prints one table, and judges nothing: times
 * depend on the machine. docs/reference/performance.md says what was seen where.
 */

import { benchAdmission } from './admission.ts'
import { type BenchCloud, startBenchCloud } from './cloud.ts'
import { type Figure, type Say, table } from './figure.ts'
import { benchScale } from './scale.ts'
import { selectFigures } from './select.ts'

const ON_CLOUD: Readonly<Record<string, (cloud: BenchCloud, say: Say) => Promise<Figure[]>>> = {
  admission: benchAdmission,
  scale: benchScale,
}

const NAMES = ['select', ...Object.keys(ON_CLOUD)]

const say: Say = (line) => process.stderr.write(`${line}\n`)

async function onCloud(names: readonly string[], figures: Figure[]): Promise<void> {
  if (names.length === 0) return
  const cloud = await startBenchCloud(say)
  try {
    for (const name of names) figures.push(...((await ON_CLOUD[name]?.(cloud, say)) ?? []))
  } finally {
    await cloud.stop()
  }
}

async function main(args: readonly string[]): Promise<void> {
  const unknown = args.find((name) => !NAMES.includes(name))
  if (unknown !== undefined) throw new TypeError(`there is no ${unknown}: ${NAMES.join(', ')}`)
  const names = NAMES.filter((name) => args.length === 0 || args.includes(name))
  if (names.includes('select')) say('choosing nodes, without a cluster')
  const figures = names.includes('select') ? selectFigures() : []
  try {
    await onCloud(
      names.filter((name) => Object.hasOwn(ON_CLOUD, name)),
      figures,
    )
  } finally {
    // What was measured before something failed is worth as much.
    if (figures.length > 0) process.stdout.write(`${table(figures)}\n`)
  }
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${error instanceof TypeError ? error.message : (error as Error).stack}\n`)
  process.exitCode = 1
}
