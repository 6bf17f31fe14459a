import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

/** How often something passed and failed. */
export interface Counts {
  readonly passed: number
  readonly failed: number
}

/** Runs tap's command with the Node that runs us; its own output goes where ours goes. */
function tap(
  root: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<number> {
  const path = [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter)
  const cli = join(root, 'node_modules', 'tap', 'dist', 'esm', 'run.mjs')
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...args], {
      cwd: root,
      env: { ...process.env, PATH: path, ...env },
      stdio: 'inherit',
    })
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 1))
  })
}

/**
 * tap compiles its plugins into node_modules when the list in .taprc differs from what is built, but
 * the run that does so still uses the old ones and fails with this TypeScript. So build them before;
 * a mark inside node_modules is gone with it.
 */
export async function prepareTap(root: string): Promise<void> {
  const mark = join(root, 'node_modules', '.tap-built')
  const config = createHash('sha256')
    .update(readFileSync(join(root, '.taprc')))
    .digest('hex')
  if (existsSync(mark) && readFileSync(mark, 'utf8') === config) return
  const code = await tap(root, ['build'])
  if (code !== 0) throw new Error(`tap build ended with ${code}`)
  writeFileSync(mark, config)
}

/** Reads the closing line of TAP output; a run that did not come that far counts as one failure. */
export function countTap(text: string): Counts {
  const closing = [...text.matchAll(/^# \{ total: \d+, pass: (\d+)(?:, fail: (\d+))?.*\}$/gm)].at(
    -1,
  )
  if (closing === undefined) return { passed: 0, failed: 1 }
  return { passed: Number(closing[1]), failed: Number(closing[2] ?? 0) }
}

/**
 * Into a file or pipe tap writes raw TAP by default, thousands of lines, and twice with an output file;
 * `min` tells the failures alone.
 */
function reporter(options: readonly string[]): string[] {
  const given = options.some((option) => /^(-R|--reporter)/.test(option))
  return given || process.stdout.isTTY ? [] : ['--reporter=min']
}

export interface TapRun {
  readonly files: readonly string[]
  readonly options: readonly string[]
  readonly env: Record<string, string>
}

/** Runs test files; resolves with tap's exit code and what it counted. */
export async function runTap(
  root: string,
  { files, options, env }: TapRun,
): Promise<Counts & { readonly code: number }> {
  const folder = join(root, '.tap')
  mkdirSync(folder, { recursive: true })
  const output = join(folder, `run-${process.pid}.tap`)
  try {
    const args = [`--output-file=${output}`, ...reporter(options), ...options, ...files]
    const code = await tap(root, args, env)
    const counts = countTap(existsSync(output) ? readFileSync(output, 'utf8') : '')
    return { code, ...counts }
  } finally {
    rmSync(output, { force: true })
  }
}
