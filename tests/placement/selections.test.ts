/**
 * Where workloads land, on a real control plane: every kind with every selection, and what happens
 * around it. Each part is a file in selections/.
 */
import t from 'tap'
import { matrix } from './selections/matrix.ts'
import { TABLE } from './selections/world.ts'
import { startCloud } from './support.ts'

t.setTimeout(300_000)
const cloud = await startCloud({
  nodes: TABLE,
  edgenet: { settings: { EDGENET_COLLECT_AFTER_SECONDS: '1' } },
})
t.teardown(() => cloud.stop())

await t.test('every kind with every selection', (t) => matrix(t, cloud))
