/**
 * `npm test [-- tests/core …]`: starts the bed that the tests share, if one of the chosen tests needs
 * it, runs them with tap, and says `N passed, N failed` in the last line.
 */
import { join } from 'node:path'
import { needsBed, select } from './runner/select.ts'
import { prepareTap, runTap } from './runner/tap.ts'
import type { Testbed } from './testbed/index.ts'
import { SHARED_STATE, startShared } from './testbed/shared.ts'

const ROOT = join(import.meta.dirname, '..')

async function startBed(files: readonly string[]): Promise<Testbed | undefined> {
  if (!needsBed(ROOT, files)) return undefined
  process.stderr.write('starting the test bed\n')
  return startShared()
}

async function main(): Promise<number> {
  const { files, options } = select(ROOT, process.argv.slice(2))
  await prepareTap(ROOT)
  const bed = await startBed(files)
  try {
    const env: Record<string, string> = bed === undefined ? {} : { [SHARED_STATE]: bed.stateFile }
    const { code, passed, failed } = await runTap(ROOT, { files, options, env })
    await bed?.stop()
    // On a line of its own: tap leaves the cursor behind a control sequence.
    process.stdout.write(`\n${passed} passed, ${failed} failed\n`)
    return code
  } finally {
    await bed?.stop()
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.stdout.write('0 passed, 1 failed\n')
  process.exitCode = 1
}
