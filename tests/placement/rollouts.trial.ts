/** No rollout that the user did not ask for: by templates, revisions and UIDs of pods. */
import t from 'tap'
import { asked } from './rollouts/asked.ts'
import { children } from './rollouts/children.ts'
import { churn } from './rollouts/churn.ts'
import { helmReleases } from './rollouts/helm.ts'
import { upgrade } from './rollouts/upgrade.ts'
import { writing } from './rollouts/writing.ts'
import { startCloud } from './support.ts'

t.setTimeout(300_000)
const cloud = await startCloud()
t.teardown(() => cloud.stop())

await t.test('written again', (t) => writing(t, cloud))
await t.test('asked for', (t) => asked(t, cloud))
await t.test('Helm', (t) => helmReleases(t, cloud))
await t.test('children and copies', (t) => children(t, cloud))
await t.test('EdgeNet upgraded', (t) => upgrade(t, cloud))
await t.test('nodes come and go', (t) => churn(t, cloud))
