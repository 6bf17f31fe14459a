/** What placement costs the API server, from its audit log, and what one user can do to the others. */
import t from 'tap'
import { BARRIER } from './cost/account.ts'
import { flood } from './cost/flood.ts'
import { hostile } from './cost/hostile.ts'
import { labels } from './cost/labels.ts'
import { steady } from './cost/steady.ts'
import { namespaces, startCloud } from './support.ts'

t.setTimeout(300_000)
const cloud = await startCloud({
  edgenet: { settings: { EDGENET_COLLECT_AFTER_SECONDS: '1' } },
})
t.teardown(() => cloud.stop())
await namespaces(cloud.bed, BARRIER)

await t.test('node labels', (t) => labels(t, cloud))
await t.test('a steady cluster', (t) => steady(t, cloud))
await t.test('hostile objects', (t) => hostile(t, cloud))
await t.test('ten thousand selections', (t) => flood(t, cloud))
