import { existsSync, readFileSync } from 'node:fs'
import type { RequestOptions } from 'node:https'
import { homedir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import type { KubeConfig } from '@kubernetes/client-node'
import type { Connection } from './connection.ts'
import { inCluster } from './incluster.ts'
import { cachedToken, type TokenSource, tokenFromFile } from './token.ts'

export type { Connection }

/** Fields of a kubeconfig's user that client-node does not read. */
interface RawUser {
  readonly tokenFile?: string
  readonly 'as-uid'?: string
  readonly 'as-groups'?: unknown
  readonly 'as-user-extra'?: unknown
}

interface Loaded {
  readonly config: KubeConfig
  readonly raw: RawUser
}

/**
 * How to reach the API server: the given kubeconfig; else KUBECONFIG (several files are merged); else
 * the pod's service account; else ~/.kube/config. Throws an Error that says what is wrong with it.
 * Certificates are read once: after their renewal the process must be started again.
 */
export async function loadConnection(kubeconfigPath?: string): Promise<Connection> {
  const inside = kubeconfigPath || process.env['KUBECONFIG'] ? undefined : await inCluster()
  if (inside !== undefined) return inside
  const files = kubeconfigFiles(kubeconfigPath)
  try {
    return await fromKubeconfig(files)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new Error(`kubeconfig ${files.join(delimiter)}: ${why}`, { cause: error })
  }
}

function kubeconfigFiles(given: string | undefined): string[] {
  if (given) return [given]
  const listed = process.env['KUBECONFIG'] || join(homedir(), '.kube', 'config')
  const files = listed.split(delimiter).filter((file) => file !== '' && existsSync(file))
  if (files.length > 0) return files
  throw new Error(
    `no way to the API server: not in a pod, and there is no ${listed}; give --kubeconfig or KUBECONFIG`,
  )
}

async function fromKubeconfig(files: readonly string[]): Promise<Connection> {
  const loaded = await load(files)
  const cluster = loaded.config.getCurrentCluster()
  if (cluster === null) throw new Error('it has no current-context, or that names no cluster')
  refuseUnsupported(loaded, cluster.proxyUrl)
  const tls = await authenticate(loaded.config)
  const token = tokenOf(files, loaded, bearer(tls))
  const { Authorization: _, ...headers } = headersOf(tls)
  const { ca, cert, key } = tls as { ca?: Buffer; cert?: string | Buffer; key?: string | Buffer }
  return {
    url: cluster.server,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(token === undefined ? {} : { token }),
    ...(cluster.tlsServerName === undefined ? {} : { serverName: cluster.tlsServerName }),
    ...(cluster.skipTLSVerify ? { insecure: true } : {}),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
  }
}

/** The import is here because it costs 0.4 s and 80 MB, which a process in a cluster does not need. */
async function load(files: readonly string[]): Promise<Loaded> {
  const { KubeConfig, loadYaml } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  const users = new Map<string, RawUser>()
  for (const file of files) {
    const one = new KubeConfig()
    one.loadFromFile(file)
    // kubectl's rule: the first file that names a current context decides.
    config.mergeConfig(one, Boolean(config.currentContext))
    for (const [name, user] of rawUsers(loadYaml(readFileSync(file, 'utf8')), dirname(file))) {
      users.set(name, user)
    }
  }
  return { config, raw: users.get(config.getCurrentUser()?.name ?? '') ?? {} }
}

function rawUsers(document: unknown, folder: string): [string, RawUser][] {
  const { users } = document as { users?: readonly { name: string; user?: RawUser }[] }
  return (users ?? []).map(({ name, user = {} }) => {
    const { tokenFile } = user
    return [name, tokenFile ? { ...user, tokenFile: resolve(folder, tokenFile) } : user]
  })
}

/** What would be ignored silently otherwise, and would connect us elsewhere or as somebody else. */
function refuseUnsupported({ config, raw }: Loaded, proxyUrl: string | undefined): void {
  const user = config.getCurrentUser()
  if (proxyUrl) throw new Error('proxy-url is not supported')
  if (user?.username) {
    throw new Error('user and password: Kubernetes has not accepted them since 1.19')
  }
  for (const field of ['as-uid', 'as-groups', 'as-user-extra'] as const) {
    if (raw[field] !== undefined) throw new Error(`${field} is not supported (plain "as" is)`)
  }
}

/** Certificates and headers, after the exec plugin or OIDC refresh that the user entry asks for. */
async function authenticate(config: KubeConfig): Promise<RequestOptions> {
  const options: RequestOptions = {}
  await config.applyToHTTPSOptions(options)
  return options
}

const headersOf = (options: RequestOptions): Record<string, string> =>
  (options.headers ?? {}) as Record<string, string>

const bearer = (options: RequestOptions): string | undefined =>
  headersOf(options)
    ['Authorization']?.replace(/^Bearer /, '')
    .trim()

/**
 * Where the token comes from later on. client-node keeps exec and OIDC tokens until they expire; a
 * rejected one is obtained by reading all anew, except for OIDC, whose newest refresh token lives in
 * memory only.
 */
function tokenOf(
  files: readonly string[],
  first: Loaded,
  firstToken: string | undefined,
): TokenSource | undefined {
  if (first.raw.tokenFile) return tokenFromFile(first.raw.tokenFile)
  if (firstToken === undefined) return undefined
  let { config } = first
  return cachedToken(async (rejected) => {
    let token = bearer(await authenticate(config))
    const oidc = config.getCurrentUser()?.authProvider?.name === 'oidc'
    if (rejected !== undefined && token === rejected && !oidc) {
      config = (await load(files)).config
      token = bearer(await authenticate(config))
    }
    if (!token) throw new Error('the kubeconfig gives no token any more')
    return token
  })
}
