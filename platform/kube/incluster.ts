import { readFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import type { Connection } from './connection.ts'
import { tokenFromFile } from './token.ts'

/** Where the kubelet mounts a pod's service account. */
export const SERVICE_ACCOUNT_MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/**
 * The connection of a pod by its service account, undefined outside a pod. Made by hand: a process in
 * a cluster is then spared the 80 MB that the import of client-node costs.
 */
export async function inCluster(
  env: NodeJS.ProcessEnv = process.env,
  mount: string = SERVICE_ACCOUNT_MOUNT,
): Promise<Connection | undefined> {
  const host = env['KUBERNETES_SERVICE_HOST']
  const port = env['KUBERNETES_SERVICE_PORT']
  if (!host || !port) return undefined
  const token = tokenFromFile(join(mount, 'token'))
  try {
    await token()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  return {
    url: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    ca: await readFile(join(mount, 'ca.crt')),
    token,
  }
}

/** The namespace that this pod runs in, undefined outside a pod. */
export async function ownNamespace(
  mount: string = SERVICE_ACCOUNT_MOUNT,
): Promise<string | undefined> {
  try {
    return (await readFile(join(mount, 'namespace'), 'utf8')).trim() || undefined
  } catch {
    return undefined
  }
}
