import { FAKE_LABEL, SERVED_LABEL } from './stages.ts'

/** Annotation of a fake node: `off` makes it fail, `on` (or its absence) brings it back. */
export const HEARTBEAT = 'testbed/heartbeat'

/** Name of the policy that turns the annotation into the label that kwok selects by. */
const NAME = 'testbed-heartbeat'

/**
 * kwok stops serving a node when it no longer matches its label selector (its annotation selector does
 * not notice changes). So the API server itself keeps the label in step with the annotation, within
 * the request that changes it: `kubectl annotate` is enough, and nothing has to run for it.
 * Status writes do not match, so heartbeats cost nothing.
 */
export function heartbeatPolicy(): { readonly policy: object; readonly binding: object } {
  const off = `object.metadata.?annotations['${HEARTBEAT}'].orValue('on') == 'off'`
  const served = `'${SERVED_LABEL}' in object.metadata.labels`
  const path = `'/metadata/labels/' + jsonpatch.escapeKey('${SERVED_LABEL}')`
  const apiVersion = 'admissionregistration.k8s.io/v1'
  const policy = {
    apiVersion,
    kind: 'MutatingAdmissionPolicy',
    metadata: { name: NAME },
    spec: {
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: [''],
            apiVersions: ['v1'],
            resources: ['nodes'],
            operations: ['CREATE', 'UPDATE'],
          },
        ],
      },
      matchConditions: [
        {
          name: 'fake',
          expression: `has(object.metadata.labels) && '${FAKE_LABEL}' in object.metadata.labels`,
        },
        { name: 'out-of-step', expression: `(${off}) == (${served})` },
      ],
      reinvocationPolicy: 'Never',
      failurePolicy: 'Fail',
      mutations: [
        {
          patchType: 'JSONPatch',
          jsonPatch: {
            expression:
              `${off} ? [JSONPatch{op: 'remove', path: ${path}}]` +
              ` : [JSONPatch{op: 'add', path: ${path}, value: 'true'}]`,
          },
        },
      ],
    },
  }
  const binding = {
    apiVersion,
    kind: 'MutatingAdmissionPolicyBinding',
    metadata: { name: NAME },
    spec: { policyName: NAME },
  }
  return { policy, binding }
}

/** A node for a dry-run creation: the answer carries the served label once the policy is in force. */
export const heartbeatProbe = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'testbed-probe', labels: { [FAKE_LABEL]: 'true' } },
}
