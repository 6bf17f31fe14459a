/** A node that nobody knows the place of is in no selection, until somebody says where it is. */
import type { Test } from 'tap'
import { until } from '../../testbed/index.ts'
import {
  type Cloud,
  create,
  namespaces,
  nodesOf,
  podsOf,
  whenRunning,
  workload,
} from '../support.ts'
import { FOUNDLING, not, polygonOf, TABLE, within } from './world.ts'

const NAMESPACE = 'located-later'
const ICELAND = { south: 63, north: 67, west: -25, east: -13 }

export async function locatedLater(t: Test, { bed }: Cloud): Promise<void> {
  await namespaces(bed, NAMESPACE)
  const places = {
    country: { country: 'IS' },
    shape: { area: JSON.stringify(polygonOf(ICELAND)) },
    'not-country': { continent: 'Europe', country: '!DE, !FR' },
    'not-area': { continent: 'Europe', area: '!eu' },
  }
  const names = Object.keys(places)
  for (const [name, place] of Object.entries(places)) {
    await create(bed, workload('DaemonSet', name, { namespace: NAMESPACE, place }))
  }
  const others = TABLE.filter(not(within('DE', 'FR'))).filter(({ continent }) => continent === 'EU')
  await whenRunning(bed, 'not-country', others.length, NAMESPACE)
  for (const name of names) {
    t.notOk(nodesOf(await podsOf(bed, name, NAMESPACE)).includes(FOUNDLING), name)
  }
  const location = '{"lat":64.1466,"lon":-21.9426,"country":"IS","city":"Reykjavik"}'
  const { code } = await bed.kubectl([
    'annotate',
    'node',
    FOUNDLING,
    `edge-net.io/location=${location}`,
  ])
  t.equal(code, 0)
  for (const name of names) {
    const joined = async () => {
      const pods = await podsOf(bed, name, NAMESPACE)
      return pods.some(
        ({ spec, status }) => spec?.nodeName === FOUNDLING && status?.phase === 'Running',
      )
    }
    t.ok(await until(joined, { what: `a pod of ${name} on the node` }), name)
  }
}
