/** EdgeNet's own processes on a bed, as `npm run cluster`, the demo and other tests start them. */
import { existsSync } from 'node:fs'
import t from 'tap'
import { MARKER } from '../../core/placement/labels.ts'
import { pathTo } from '../../platform/kube/paths.ts'
import { startEdgenet } from '../testbed/edgenet.ts'
import { startTestbed } from '../testbed/index.ts'
import { until } from '../testbed/until.ts'
import { verdict } from './verdict.ts'
import { pathOf, workload } from './workloads.ts'

t.test('EdgeNet on a cluster', async (t) => {
  const bed = await startTestbed({
    nodes: [
      { name: 'paris', lat: 48.85, lon: 2.35, country: 'FR', city: 'Paris' },
      { name: 'berlin', lat: 52.52, lon: 13.4, country: 'DE', city: 'Berlin' },
    ],
  })
  t.teardown(() => bed.stop())
  const { admin } = bed
  const lines: string[] = []
  const { kubeconfig, dir } = bed
  const edgenet = await startEdgenet({ kubeconfig, dir, log: (line) => lines.push(line) })
  t.teardown(() => edgenet.stop())
  t.equal(lines.at(-1), 'EdgeNet answers')

  for (const [what, url] of Object.entries(edgenet.urls)) {
    if (what === 'webhooks') continue
    const text = await fetch(`${url}/metrics`).then((answer) => answer.text())
    t.match(text, /^# HELP/m, `${what} gives metrics`)
  }
  const create = (name: string) =>
    admin.create(
      pathOf('Deployment', 'default'),
      workload('Deployment', { name, annotations: { 'edge-net.io/country': 'FR' } }),
    )
  const placed = await create('web')
  t.match(placed['spec'], { template: { metadata: { annotations: { [MARKER]: String } } } })
  await until(() => admin.get(pathTo('geoareas', { name: 'eu' })), { what: 'the built-in area' })
  await until(
    async () => {
      const node = await admin.get(pathTo('nodes', { name: 'paris' }))
      return node.metadata.labels?.['edge-net.io/country-iso'] === 'FR'
    },
    { what: 'the locator to label a node' },
  )
  const report = pathTo('placements', { namespace: 'default', name: 'deployment-web' })
  await until(() => admin.get(report), { what: 'the report' })

  await edgenet.webhooks.kill()
  t.equal(edgenet.webhooks.pid(), undefined)
  t.match(await verdict(create('while-away')), { status: 500, message: /failed calling webhook/ })
  t.equal(
    await verdict(
      admin.create(pathOf('Deployment', 'default'), workload('Deployment', { name: 'plain' })),
    ),
    'ok',
    'others do not depend on us',
  )
  await edgenet.webhooks.start()
  await until(async () => (await verdict(create('back'))) === 'ok', {
    what: 'the hooks to be back',
  })
  const before = edgenet.controllers.pid()
  await edgenet.controllers.restart()
  t.not(edgenet.controllers.pid(), before, 'restarted')

  await edgenet.stop({ uninstall: true })
  t.notOk(existsSync(edgenet.dir), 'nothing is left on disk')
  const configuration = pathTo('mutatingwebhookconfigurations', { name: 'edgenet' })
  t.match(await verdict(admin.get(configuration)), { status: 404 }, 'uninstalled')
  t.equal(await verdict(admin.get(report)), 'ok', 'what was reported stays')
})

t.test('a process that does not start', async (t) => {
  const bed = await startTestbed({ components: ['etcd', 'kube-apiserver'], audit: false })
  t.teardown(() => bed.stop())
  const program = `${import.meta.dirname}/does-not-exist.ts`
  const programs = { webhooks: program, controllers: program }
  const { kubeconfig, dir } = bed
  await t.rejects(startEdgenet({ kubeconfig, dir, programs }), {
    message: /has ended.*does-not-exist/s,
  })
})
