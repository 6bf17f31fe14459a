import type { Test } from 'tap'
import { pathTo } from '../../../platform/kube/paths.ts'
import { NAMESPACE } from '../../testbed/edgenet.ts'
import { helm } from '../../testbed/helm.ts'
import { external, SAMPLE_URL } from '../chart.ts'
import { answer, type World } from './world.ts'

/** Upgrade, the other modes, uninstall. Last, since it takes the policies away. */
export function lifecycle(t: Test, { admin, bed, install }: World): void {
  t.test('upgrade, uninstall, install again', async (t) => {
    const caBundle = Buffer.from(bed.pki.ca()).toString('base64')
    await install(...external(SAMPLE_URL, caBundle))
    const inCluster = `image.repository=none/edgenet,tls.mode=secret,webhooks.caBundle=${caBundle}`
    await install('--set', inCluster)
    const deployment = (name: string) => pathTo('deployments', { namespace: NAMESPACE, name })
    t.equal(await answer(admin.get(deployment('edgenet-webhooks'))), 'ok', 'deployed')
    t.equal(await answer(admin.get(deployment('edgenet-controllers'))), 'ok')
    await helm(['uninstall', 'edgenet', '-n', NAMESPACE], bed)
    const configuration = pathTo('validatingwebhookconfigurations', { name: 'edgenet' })
    t.equal(await answer(admin.get(configuration)), '404', 'the hooks are gone')
    t.equal(await answer(admin.get(deployment('edgenet-webhooks'))), '404')
    t.equal(await answer(admin.get(pathTo('geoareas', { name: 'box' }))), 'ok', 'areas stay')
    await install(...external(SAMPLE_URL, caBundle))
    t.equal(await answer(admin.get(configuration)), 'ok', 'kept kinds are taken over again')
  })
}
