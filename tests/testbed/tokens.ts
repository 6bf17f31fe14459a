import { writeFileSync } from 'node:fs'
import type { KubeClient } from '../../platform/kube/client.ts'
import type { Connection } from '../../platform/kube/connection.ts'
import { pathTo } from '../../platform/kube/paths.ts'

/** A token of a ServiceAccount, by the API's TokenRequest. Valid for a day, as long as any test bed. */
export async function serviceAccountToken(
  admin: KubeClient,
  namespace: string,
  name: string,
): Promise<string> {
  const path = pathTo('serviceaccounts', { namespace, name, subresource: 'token' })
  const answer = await admin.create<{ status: { token: string } }>(path, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: 86_400 },
  })
  return answer.status.token
}

/** Writes a kubeconfig (JSON, which is YAML too) for the same API server with this token. */
export function writeTokenKubeconfig(path: string, server: Connection, token: string): void {
  const { url, ca, insecure, serverName } = server
  const cluster = {
    server: url,
    ...(ca && { 'certificate-authority-data': Buffer.from(ca).toString('base64') }),
    ...(insecure && { 'insecure-skip-tls-verify': true }),
    ...(serverName && { 'tls-server-name': serverName }),
  }
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'cluster', cluster }],
    users: [{ name: 'user', user: { token } }],
    contexts: [{ name: 'context', context: { cluster: 'cluster', user: 'user' } }],
    'current-context': 'context',
  }
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 })
}
