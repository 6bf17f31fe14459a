import { KubeClient } from '../platform/kube/client.ts'
import { loadConnection } from '../platform/kube/config.ts'
import { log } from '../platform/log.ts'
import { createDraining, serveUntil } from '../platform/server/drain.ts'
import { startOpsServer } from '../platform/server/ops.ts'
import { runProcess } from '../platform/server/process.ts'
import { startHookServer } from '../platform/server/server.ts'
import { Settings } from '../platform/settings.ts'
import { createHooks } from './create-hooks.ts'
import { View } from './view.ts'

/** The webhook process: stateless, any number of replicas. */
async function main(signal: AbortSignal): Promise<void> {
  const settings = new Settings()
  const connection = await loadConnection(settings.text('EDGENET_KUBECONFIG'))
  const client = new KubeClient(connection, { userAgent: 'edgenet-webhooks' })
  const view = new View(client)
  view.start()
  const draining = createDraining()
  const server = await startHookServer({
    hooks: createHooks(view),
    certFile: settings.required('EDGENET_CERT'),
    keyFile: settings.required('EDGENET_KEY'),
    port: settings.integer('EDGENET_HOOK_PORT', 9443),
    ...(settings.text('EDGENET_HOST') && { host: settings.required('EDGENET_HOST') }),
    log,
  })
  const ops = await startOpsServer({
    port: settings.integer('EDGENET_OPS_PORT', 8080),
    ...(settings.text('EDGENET_HOST') && { host: settings.required('EDGENET_HOST') }),
    checks: [draining.check, { name: 'caches', why: () => view.why() }, ...server.checks],
    log,
  })
  const drainSeconds = settings.integer('EDGENET_DRAIN_SECONDS', 5)
  await serveUntil(signal, { servers: [server], draining, ops, log, drainSeconds })
  await view.stop()
  client.close()
}

await runProcess(main, { log })
