/** Runs the shell blocks of a page, and compares what they print with what the page says. */
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Block, ROOT } from './markdown.ts'

/** A block of commands with the output that the page shows for it. */
export interface Step {
  readonly line: number
  readonly script: string
  /** It is to end with an error. */
  readonly fails: boolean
  /** Undefined: any output. */
  readonly expected?: string
}

/** `sh` blocks, each with the `text` block that follows in the next line. */
export function stepsOf(blocks: readonly Block[]): Step[] {
  return blocks.flatMap(({ info, text, line }, i) => {
    if (!/^sh( fails)?$/.test(info)) return []
    const next = blocks[i + 1]
    const follows = next?.info === 'text' && next.line === line + text.split('\n').length + 2
    const expected = follows ? { expected: next.text } : {}
    return [{ line, script: text, fails: info === 'sh fails', ...expected }]
  })
}

/**
 * The first expected line that the output does not have in its place; undefined: it has all, in order.
 * `…` stands for anything, blanks for any number of blanks.
 */
export function missingLine(output: string, expected: string): string | undefined {
  const lines = output.split('\n')
  let at = 0
  for (const line of expected.split('\n').filter((each) => each.trim() !== '')) {
    const pattern = patternOf(line)
    const found = lines.findIndex((each, i) => i >= at && pattern.test(each))
    if (found < 0) return line
    at = found + 1
  }
  return undefined
}

function patternOf(line: string): RegExp {
  const parts = line.trim().split(/(\s*…\s*|\s+)/)
  const source = parts.map((part) => {
    if (part.includes('…')) return '.*'
    return /^\s+$/.test(part) ? String.raw`\s+` : part.replaceAll(/[^\w\s]/g, String.raw`\$&`)
  })
  return new RegExp(`^\\s*${source.join('')}\\s*$`)
}

export interface ShellResult {
  readonly code: number
  /** Both streams, as they came. */
  readonly output: string
}

/** Runs a script from the root with bash, in which any command that fails ends it. */
export function runShell(script: string, env: NodeJS.ProcessEnv): Promise<ShellResult> {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-e', '-o', 'pipefail', '-c', `exec 2>&1\n${script}`], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })
}

/** Commands that only look may have to be asked again until the controllers have done their part. */
const LOOKS = /^kubectl get /

/** Runs a step; undefined: all went as the page says, else what did not. */
export async function tryStep(step: Step, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const deadline = Date.now() + 20_000
  for (;;) {
    const result = await runShell(step.script, env)
    const wrong = judge(step, result)
    const again = step.script.split('\n').every((line) => LOOKS.test(line))
    if (wrong === undefined || !again || Date.now() > deadline) return wrong
    await sleep(200)
  }
}

function judge({ fails, expected }: Step, { code, output }: ShellResult): string | undefined {
  if ((code !== 0) !== fails) return `ended with ${code}: ${output}`
  const line = expected === undefined ? undefined : missingLine(output, expected)
  return line === undefined ? undefined : `did not print "${line}" but: ${output}`
}
