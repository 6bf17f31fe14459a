/**
 * Where workloads land, on a real control plane: every kind with every selection, and what happens
 * around it. Each part is a file in selections/.
 */
import t from 'tap'
import { geoAreas } from './selections/areas.ts'
import { locatedLater } from './selections/located-later.ts'
import { matrix } from './selections/matrix.ts'
import { outages } from './selections/outages.ts'
import { ownAffinity, templateAnnotations } from './selections/own-affinity.ts'
import { dryRun, preview } from './selections/preview.ts'
import { refusals } from './selections/refusals.ts'
import { shortage } from './selections/shortage.ts'
import { truth } from './selections/truth.ts'
import { TABLE } from './selections/world.ts'
import { startCloud } from './support.ts'

t.setTimeout(300_000)
const cloud = await startCloud({
  nodes: TABLE,
  edgenet: { settings: { EDGENET_COLLECT_AFTER_SECONDS: '1' } },
})
t.teardown(() => cloud.stop())

await t.test('every kind with every selection', (t) => matrix(t, cloud))

// On the nodes as the table has them: what an answer counts depends on it.
await t.test('warnings at apply', (t) => preview(t, cloud))

await t.test('around it, in parts of the world of their own', async (t) => {
  t.jobs = 8
  t.test('too few nodes', (t) => shortage(t, cloud))
  t.test("the user's own affinity", (t) => ownAffinity(t, cloud))
  t.test('annotations on the pod template', (t) => templateAnnotations(t, cloud))
  t.test('wrong inputs', (t) => refusals(t, cloud))
  t.test('a dry run leaves nothing', (t) => dryRun(t, cloud))
  t.test('areas by name', (t) => geoAreas(t, cloud))
  t.test('a node without a place', (t) => locatedLater(t, cloud))
})

await t.test('polygons whose inside is known', (t) => truth(t, cloud))

// Last: these stop what the others need.
await t.test('outages', (t) => outages(t, cloud))
