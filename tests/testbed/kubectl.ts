import { spawn } from 'node:child_process'
import { MARK } from './watchdog.ts'

export interface KubectlOptions {
  /** Text for its stdin, for `-f -`. */
  readonly input?: string
  /** Path of another user's kubeconfig. */
  readonly as?: string
}

export interface KubectlResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface KubectlSetup {
  readonly binary: string
  readonly dir: string
  readonly kubeconfig: string
}

/** Runs kubectl to its end. It never throws for an exit code: look at `code` and `stderr`. */
export function runKubectl(
  { binary, dir, kubeconfig }: KubectlSetup,
  args: readonly string[],
  { input = '', as = kubeconfig }: KubectlOptions = {},
): Promise<KubectlResult> {
  // Its caches and preferences belong to the bed, not to the user's home.
  const own = { KUBECONFIG: as, KUBECACHEDIR: `${dir}/kubectl`, KUBERC: 'off', [MARK]: dir }
  return new Promise((resolve, reject) => {
    const child = spawn(binary, args, { cwd: process.cwd(), env: { ...process.env, ...own } })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.on('error', reject)
    child.on('close', (code) => {
      const [stdout, stderr] = [Buffer.concat(out).toString(), Buffer.concat(err).toString()]
      resolve({ code: code ?? -1, stdout, stderr })
    })
    // kubectl may end without having read it.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}
