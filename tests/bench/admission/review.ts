import { randomUUID } from 'node:crypto'
import { type Annotations, deployment } from '../workloads.ts'

/** Of a Deployment; such a one is not small, and not rare. */
export const DEPLOYMENT_BYTES = 8000

/** The caps count by namespace. */
const NAMESPACES = 200

const KIND = { group: 'apps', version: 'v1', kind: 'Deployment' }
const RESOURCE = { group: 'apps', version: 'v1', resource: 'deployments' }

/** The body of the call that the API server makes when a user creates a Deployment. */
export function reviewOf(i: number, annotations: Annotations): string {
  const namespace = `tenant-${i % NAMESPACES}`
  const name = `web-${randomUUID()}`
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: randomUUID(),
      kind: KIND,
      resource: RESOURCE,
      requestKind: KIND,
      requestResource: RESOURCE,
      name,
      namespace,
      operation: 'CREATE',
      userInfo: { username: 'jane', groups: ['system:authenticated'] },
      object: deployment(name, { namespace, annotations, bytes: DEPLOYMENT_BYTES }),
      oldObject: null,
      dryRun: false,
      options: { apiVersion: 'meta.k8s.io/v1', kind: 'CreateOptions' },
    },
  })
}
