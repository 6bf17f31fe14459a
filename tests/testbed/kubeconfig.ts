import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { CertificateFiles } from './pki.ts'

export interface Cluster {
  readonly url: string
  readonly caFile: string
}

const base64 = (file: string): string => readFileSync(file).toString('base64')

/** Writes a kubeconfig (JSON, which is YAML too) with everything inside, so that it can be copied. */
export function writeKubeconfig(path: string, cluster: Cluster, user: CertificateFiles): void {
  const server = { server: cluster.url, 'certificate-authority-data': base64(cluster.caFile) }
  const credentials = {
    'client-certificate-data': base64(user.cert),
    'client-key-data': base64(user.key),
  }
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'testbed', cluster: server }],
    users: [{ name: 'user', user: credentials }],
    contexts: [{ name: 'testbed', context: { cluster: 'testbed', user: 'user' } }],
    'current-context': 'testbed',
  }
  const part = `${path}.part-${process.pid}`
  writeFileSync(part, JSON.stringify(config, null, 2), { mode: 0o600 })
  renameSync(part, path)
}
