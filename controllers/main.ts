import { hostname } from 'node:os'
import { aborted } from '../platform/aborted.ts'
import { KubeClient } from '../platform/kube/client.ts'
import { loadConnection } from '../platform/kube/config.ts'
import { EventRecorder } from '../platform/kube/events.ts'
import { runElected } from '../platform/kube/lease.ts'
import { log } from '../platform/log.ts'
import { startOpsServer } from '../platform/server/ops.ts'
import { runProcess } from '../platform/server/process.ts'
import { Settings } from '../platform/settings.ts'
import { keepBuiltInAreas } from './built-in-areas.ts'
import { GeoAreaController } from './geo-areas.ts'
import { HealingController } from './healing/controller.ts'
import { healingSettings } from './healing/settings.ts'
import { startLocator } from './locator.ts'
import { PlacementController } from './placement/controller.ts'

/** The controller process: one replica leads, the others keep their mirrors warm and wait. */
async function main(signal: AbortSignal): Promise<void> {
  const settings = new Settings()
  const connection = await loadConnection(settings.text('EDGENET_KUBECONFIG'))
  const client = new KubeClient(connection, { userAgent: 'edgenet-controllers' })
  const instance = hostname()
  const events = new EventRecorder({ client, controller: 'edge-net.io/controllers', instance })
  const placement = new PlacementController(client, events, {
    collectAfterMs: settings.integer('EDGENET_COLLECT_AFTER_SECONDS', 30) * 1000,
  })
  const geoAreas = new GeoAreaController(client, placement.cluster)
  const healing = new HealingController(client, events, placement, healingSettings(settings))
  placement.cluster.start()
  healing.start()
  const ops = await startOpsServer({
    port: settings.integer('EDGENET_OPS_PORT', 8080),
    ...(settings.text('EDGENET_HOST') && { host: settings.required('EDGENET_HOST') }),
    checks: [
      {
        name: 'caches',
        why: () => {
          const missing = [...placement.cluster.unsynced(), ...healing.unsynced()]
          return missing.length > 0 ? `not read yet: ${missing.join(', ')}` : undefined
        },
      },
    ],
    log,
  })
  const end = await runElected({
    client,
    namespace: settings.required('EDGENET_NAMESPACE'),
    name: 'edgenet-controllers',
    identity: instance,
    signal,
    lead: async (leading) => {
      const databasePaths = settings.list('EDGENET_GEO_DATABASES')
      const locator = await startLocator({ client, events, log, databasePaths })
      const builtIn = keepBuiltInAreas(client, settings.list('EDGENET_BUILT_IN_AREAS'))
      const ended = aborted(leading).then(() => Promise.all([locator.stop(), builtIn.stop()]))
      const controllers = [placement, geoAreas, healing]
      await Promise.all([...controllers.map((each) => each.run(leading)), ended])
    },
  })
  log.info('leadership over', { end })
  // Another process leads: what is still under way must not be written any more.
  if (end === 'lost') throw new Error('leadership was lost')
  await events.stop()
  await ops.close()
  await Promise.all([placement.cluster.stop(), healing.monitor.stop()])
  client.close()
}

await runProcess(main, { log })
