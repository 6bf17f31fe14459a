/**
 * `npm run bench:heal`: the five rows of the original's Table 1, each as a DaemonSet and as a Deployment,
 * on a real control plane with realistic pod delays. One node of each fails, is replaced, and returns.
 * Prints the figures beside the original's; `--write` puts them into docs/reference/healing.md.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { healingPage } from './heal/page.ts'
import { replay } from './heal/replay.ts'
import { healingTable } from './heal/table.ts'

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } })

/** kubelet's default, and what contributed nodes join with; seconds. */
const LEASES = [40, 8] as const

const runs = []
for (const leaseSeconds of LEASES) {
  console.log(`leases of ${leaseSeconds} s: starting a control plane …`)
  runs.push(await replay(leaseSeconds, (line) => console.log(`  ${line}`)))
}
console.log(`\n${healingTable(runs)}`)
if (values.write) {
  const file = join(import.meta.dirname, '../../docs/reference/healing.md')
  writeFileSync(file, healingPage(runs))
}
process.exitCode = runs.flatMap(({ rows }) => rows).some((row) => row.failures.length > 0) ? 1 : 0
