/** No rollout that the user did not ask for: by templates, revisions and UIDs of pods. */
import t from 'tap'
import { writing } from './rollouts/writing.ts'
import { startCloud } from './support.ts'

t.setTimeout(300_000)
const cloud = await startCloud()
t.teardown(() => cloud.stop())

await t.test('written again', (t) => writing(t, cloud))
