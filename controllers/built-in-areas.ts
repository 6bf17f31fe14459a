import { isStatus, type KubeClient } from '../platform/kube/client.ts'
import { pathTo } from '../platform/kube/paths.ts'
import { WorkQueue } from '../platform/kube/queue.ts'
import { log } from '../platform/log.ts'

/** Named areas that EdgeNet brings along. */
const AREAS: Readonly<Record<string, readonly string[]>> = {
  /** The 27 member states of the European Union since 2020-02-01. */
  eu: 'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK'.split(' '),
}

/**
 * Makes the named areas that are asked for and do not exist, trying until it is done. One that exists
 * is left as it is: an administrator may have changed it. Throws an Error for an unknown name.
 */
export function keepBuiltInAreas(client: KubeClient, names: readonly string[]): WorkQueue {
  const unknown = names.find((name) => !Object.hasOwn(AREAS, name))
  if (unknown !== undefined) {
    throw new Error(`there is no built-in area ${unknown}; known: ${Object.keys(AREAS)}`)
  }
  const queue = new WorkQueue({
    name: 'built-in-areas',
    handler: (name) => make(client, name),
    minBackoffMs: 500,
  })
  for (const name of names) queue.add(name)
  return queue
}

async function make(client: KubeClient, name: string): Promise<void> {
  const area = {
    apiVersion: 'edge-net.io/v1alpha1',
    kind: 'GeoArea',
    metadata: { name, labels: { 'app.kubernetes.io/managed-by': 'edgenet' } },
    spec: { countries: AREAS[name] },
  }
  if (await exists(client, name)) return
  try {
    await client.create(pathTo('geoareas'), area)
    log.info('built-in area made', { name })
  } catch (error) {
    if (!isStatus(error, 409)) throw error
  }
}

/** Asked first: in a cluster at rest nothing is written, not even in vain. */
async function exists(client: KubeClient, name: string): Promise<boolean> {
  try {
    await client.get(pathTo('geoareas', { name }))
    return true
  } catch (error) {
    if (isStatus(error, 404)) return false
    throw error
  }
}
