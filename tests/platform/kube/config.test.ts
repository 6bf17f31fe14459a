/** Kubeconfigs and service accounts as they are written in the field, tried on a real API server. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import t, { type Test } from 'tap'
import { isStatus, KubeClient } from '../../../platform/kube/client.ts'
import { type Connection, loadConnection } from '../../../platform/kube/config.ts'
import { inCluster } from '../../../platform/kube/incluster.ts'
import { pathTo } from '../../../platform/kube/paths.ts'
import { sharedTestbed } from '../../testbed/shared.ts'
import { until } from '../../testbed/until.ts'
import { fails, namespaceFor } from './support.ts'

const bed = await sharedTestbed()
const dir = mkdtempSync(join(tmpdir(), 'edgenet-config-'))
t.teardown(() => rmSync(dir, { recursive: true }))

/** Who the API server takes us for. */
async function whoAmI(connection: Connection): Promise<string> {
  const client = new KubeClient(connection)
  try {
    const review = await client.create<{ status?: { userInfo?: { username?: string } } }>(
      '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      {},
    )
    return review.status?.userInfo?.username ?? ''
  } finally {
    client.close()
  }
}

function kubeconfig(name: string, user: object, cluster: object = {}, more: object = {}): string {
  const path = join(dir, name)
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name, cluster: { server: bed.url, 'certificate-authority': bed.caFile, ...cluster } },
    ],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
    ...more,
  }
  writeFileSync(path, JSON.stringify(config))
  return path
}

const ada = bed.pki.client({ user: 'ada' })
const files = { 'client-certificate': ada.cert, 'client-key': ada.key }
const root = bed.pki.client({ user: 'root', groups: ['system:masters'] })
const rootFiles = { 'client-certificate': root.cert, 'client-key': root.key }

t.test('client certificates, as files and inside', async (t) => {
  t.equal(await whoAmI(await loadConnection(kubeconfig('files', files))), 'ada')
  t.equal(await whoAmI(await loadConnection(bed.kubeconfigFor('bob'))), 'bob')
})

t.test('what the cluster entry says', async (t) => {
  const insecure = { 'insecure-skip-tls-verify': true, 'certificate-authority': undefined }
  t.equal(await whoAmI(await loadConnection(kubeconfig('insecure', files, insecure))), 'ada')
  const named = { 'tls-server-name': 'kubernetes.default.svc' }
  t.equal(await whoAmI(await loadConnection(kubeconfig('named', files, named))), 'ada')
  const other = { 'tls-server-name': 'elsewhere.example' }
  await t.rejects(whoAmI(await loadConnection(kubeconfig('other', files, other))), {
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  })
})

t.test('impersonation', async (t) => {
  const as = kubeconfig('as', { ...rootFiles, as: 'eve' })
  t.equal(await whoAmI(await loadConnection(as)), 'eve')
})

t.test('what cannot be honoured is refused, never ignored', async (t) => {
  const cases: [name: string, path: string, message: RegExp][] = [
    ['missing', join(dir, 'nowhere'), /nowhere: ENOENT/],
    ['password', kubeconfig('basic', { username: 'u', password: 'p' }), /not accepted/],
    ['groups', kubeconfig('groups', { ...rootFiles, as: 'e', 'as-groups': ['g'] }), /as-groups/],
    ['proxy', kubeconfig('proxy', files, { 'proxy-url': 'http://127.0.0.1:1' }), /proxy-url/],
    ['context', kubeconfig('context', files, {}, { 'current-context': '' }), /current-context/],
  ]
  for (const [name, path, message] of cases) {
    await t.rejects(loadConnection(path), { message }, name)
  }
  writeFileSync(join(dir, 'yaml'), '{ not: [closed')
  await t.rejects(loadConnection(join(dir, 'yaml')), /kubeconfig .*yaml/)
})

t.test('KUBECONFIG: several files, of which some may be missing', async (t) => {
  const before = process.env['KUBECONFIG']
  t.teardown(() => {
    if (before === undefined) delete process.env['KUBECONFIG']
    else process.env['KUBECONFIG'] = before
  })
  const [first, second] = [kubeconfig('first', files), kubeconfig('second', rootFiles)]
  process.env['KUBECONFIG'] = [join(dir, 'missing'), first, second].join(delimiter)
  t.equal(await whoAmI(await loadConnection()), 'ada', 'the first context counts')
  process.env['KUBECONFIG'] = join(dir, 'missing')
  await t.rejects(loadConnection(), /no way to the API server.*missing/)
})

/** A service account that can be made anew, which invalidates all its tokens. */
async function account(t: Test) {
  const namespace = await namespaceFor(t, bed.admin)
  const [all, one] = [{ namespace }, { namespace, name: 'robot' }]
  const make = async (): Promise<string> => {
    await bed.admin.create(pathTo('serviceaccounts', all), { metadata: { name: 'robot' } })
    const request = pathTo('serviceaccounts', { ...one, subresource: 'token' })
    const made = await bed.admin.create<{ status: { token: string } }>(request, { spec: {} })
    return made.status.token
  }
  return {
    user: `system:serviceaccount:${namespace}:robot`,
    token: await make(),
    renew: async (): Promise<string> => {
      await bed.admin.delete(pathTo('serviceaccounts', one))
      return make()
    },
  }
}

/** An exec plugin that gives the token in a file; the plugin's answer never expires. */
function plugin(tokenFile: string): object {
  const path = join(dir, 'plugin')
  const credential =
    '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}'
  writeFileSync(path, `#!/bin/sh\nprintf '${credential}' "$(cat ${tokenFile})"\n`)
  chmodSync(path, 0o755)
  const apiVersion = 'client.authentication.k8s.io/v1'
  return { exec: { apiVersion, command: path, interactiveMode: 'Never' } }
}

type Source = [
  name: string,
  save: (token: string) => unknown,
  load: () => Promise<Connection | undefined>,
]

/** Where a token may come from, each with a file of its own. */
function sources(): Source[] {
  const port = new URL(bed.url).port
  const mount = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: port }
  writeFileSync(join(dir, 'ca.crt'), readFileSync(bed.caFile))
  const saveTo = (name: string) => (token: string) => writeFileSync(join(dir, name), `${token}\n`)
  const exec = plugin(join(dir, 'exec-token'))
  return [
    [
      'tokenFile',
      saveTo('file-token'),
      () => loadConnection(kubeconfig('file', { tokenFile: './file-token' })),
    ],
    ['exec', saveTo('exec-token'), () => loadConnection(kubeconfig('exec', exec))],
    [
      'inside',
      (token) => kubeconfig('inside', { token }),
      () => loadConnection(join(dir, 'inside')),
    ],
    ['in a pod', saveTo('token'), () => inCluster(mount, dir)],
  ]
}

async function isRenewed(t: Test, [name, save, load]: Source): Promise<void> {
  const robot = await account(t)
  save(robot.token)
  const client = async () => new KubeClient((await load()) ?? { url: 'nowhere' })
  const [caller, watcher] = [await client(), await client()]
  const ask = (who: KubeClient) => who.get(pathTo('namespaces', { name: 'default' }))
  // No rights: 403 means that the API server knows who it is.
  const known = { status: 403, message: new RegExp(robot.user) }
  await fails(t, ask(caller), known, name)
  await fails(t, ask(watcher), known, name)
  const second = await robot.renew()
  // The API server remembers a token for 10 s; only then does it look again.
  const refused = () => ask(caller).catch((error: unknown) => isStatus(error, 401))
  await until(refused, { what: `the old token of ${name} to be refused` })
  save(second)
  await fails(t, ask(caller), known, `${name}: a call`)
  const watch = async () => {
    for await (const _ of watcher.stream(pathTo('namespaces'), { watch: true })) break
  }
  await fails(t, watch(), known, `${name}: a watch`)
  caller.close()
  watcher.close()
}

t.test('a token that is refused is read anew, at once', async (t) => {
  await Promise.all(sources().map((source) => isRenewed(t, source)))
})
