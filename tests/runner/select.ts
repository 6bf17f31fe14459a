import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'

/** What `npm test -- …` was asked for. */
export interface Selection {
  /** Test files, relative to the root. */
  readonly files: readonly string[]
  /** Options for tap itself. */
  readonly options: readonly string[]
}

function filesOf(root: string, argument: string): string[] {
  const path = resolve(argument)
  if (!existsSync(path)) throw new Error(`${argument}: no such file or folder`)
  if (!statSync(path).isDirectory()) return [relative(root, path)]
  const found = globSync('**/*.test.ts', { cwd: path })
  if (found.length === 0) throw new Error(`${argument}: no *.test.ts below it`)
  return found.map((name) => relative(root, join(path, name)))
}

/**
 * Sorts arguments into test files and tap's options; folders stand for all tests below them, and no
 * path at all for every test. Options with a value are written with `=`.
 */
export function select(root: string, args: readonly string[]): Selection {
  const options = args.filter((argument) => argument.startsWith('-'))
  const paths = args.filter((argument) => !argument.startsWith('-'))
  const wanted = paths.length === 0 ? [join(root, 'tests')] : paths
  const files = new Set(wanted.flatMap((argument) => filesOf(root, argument)))
  return { files: [...files].sort(), options }
}

/** The end of an import statement, which may stand on several lines. */
const IMPORTS_SHARED = /^(?:import|\}) .*from '[^']*\/shared\.ts'/m

/** Whether one of the files imports the shared bed; starting it takes seconds that others need not pay. */
export function needsBed(root: string, files: readonly string[]): boolean {
  return files.some((file) => IMPORTS_SHARED.test(readFileSync(join(root, file), 'utf8')))
}
