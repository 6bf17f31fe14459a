import type { Test } from 'tap'
import { until } from '../../testbed/until.ts'
import type { World } from './world.ts'

interface Policy {
  readonly status?: { readonly typeChecking?: Record<string, unknown> }
}

/** The controller-manager checks each expression against the schemas of all matched kinds. */
export function typeChecks(t: Test, { admin }: World): void {
  t.test('the expressions fit the types of everything that they match', async (t) => {
    const base = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies'
    for (const name of ['edgenet-node-guard', 'edgenet-placement-net', 'edgenet-reports-guard']) {
      const found = await until(
        async () => (await admin.get<Policy>(`${base}/${name}`)).status?.typeChecking,
        { what: `the types of ${name} to be checked` },
      )
      t.strictSame(found, {}, `${name} has no type warnings`)
    }
  })
}
