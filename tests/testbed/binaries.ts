import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { buildInto } from './build.ts'
import { PROGRAMS, type Program, pinsHash } from './pins.ts'

/** Absolute paths of the programs. */
export type Binaries = Readonly<Record<Program, string>>

type Environment = Readonly<Record<string, string | undefined>>

function missing(folder: string): Program[] {
  return PROGRAMS.filter((program) => !existsSync(join(folder, program)))
}

function inFolder(folder: string): Binaries {
  const paths = PROGRAMS.map((program) => [program, join(folder, program)] as const)
  return Object.fromEntries(paths) as Record<Program, string>
}

/** The cache folder of the present pins: below EDGENET_CACHE, else below the user's cache folder. */
export function cacheFolder(env: Environment = process.env): string {
  const users = env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache')
  return join(env['EDGENET_CACHE'] || join(users, 'edgenet'), 'testbed', pinsHash())
}

/**
 * Finds the programs: KUBEBUILDER_ASSETS if it holds all six (mixed versions of a control plane are
 * not supported by anybody, so it is all or none), else the cache folder, else builds into that.
 * Building needs Go and takes minutes; it tells its progress on stderr. Throws an Error that says what
 * is missing.
 */
export async function findBinaries(env: Environment = process.env): Promise<Binaries> {
  const assets = env['KUBEBUILDER_ASSETS']
  if (assets) {
    const absent = missing(assets)
    if (absent.length === 0) return inFolder(assets)
    process.stderr.write(
      `KUBEBUILDER_ASSETS=${assets} has no ${absent.join(', ')}: the pinned programs are used\n`,
    )
  }
  const cache = cacheFolder(env)
  // The folder appears by a rename when it is complete.
  if (missing(cache).length > 0) await buildInto(cache)
  return inFolder(cache)
}
