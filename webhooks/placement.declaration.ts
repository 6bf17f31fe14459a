import type { HookDeclaration } from '../core/admission/hook.ts'

/** CEL: annotations (a map) of the object, of its pod template, or of a CronJob's pod template. */
const annotationsOf = (object: string) => [
  `${object}.?metadata.?annotations.orValue({})`,
  `${object}.?spec.?template.?metadata.?annotations.orValue({})`,
  `${object}.?spec.?jobTemplate.?metadata.?annotations.orValue({})`,
  `${object}.?spec.?jobTemplate.?spec.?template.?metadata.?annotations.orValue({})`,
]

const ours = (object: string) =>
  annotationsOf(object)
    .map((map) => `${map}.exists(k, k.startsWith('edge-net.io/'))`)
    .join(' || ')

const sameAnnotations = (a: string, b: string) =>
  `${a}.?metadata.?annotations.orValue({}).all(k, !k.startsWith('edge-net.io/') || ` +
  `(k in ${b}.?metadata.?annotations.orValue({}) && ` +
  `${b}.metadata.annotations[k] == ${a}.metadata.annotations[k]))`

/**
 * The controllers that make the children of each kind. The webhook leaves their children alone
 * (core/placement/workload.ts, controllerMade, says why); this copy saves the call, so that
 * replacing a lost pod does not depend on us.
 */
const MAKERS =
  `{'CronJob': 'cronjob', 'Deployment': 'deployment', 'ReplicaSet': 'replicaset', ` +
  `'StatefulSet': 'statefulset', 'DaemonSet': 'daemon-set', 'Job': 'job', ` +
  `'ReplicationController': 'replication'}`

/** Mutating hook: geographic annotations of a workload become node affinity. */
export const placement: HookDeclaration = {
  name: 'placement',
  type: 'mutating',
  rules: [
    {
      groups: ['apps'],
      versions: ['v1'],
      operations: ['CREATE', 'UPDATE'],
      resources: ['deployments', 'daemonsets', 'statefulsets', 'replicasets'],
      scope: 'Namespaced',
    },
    {
      groups: ['batch'],
      versions: ['v1'],
      operations: ['CREATE', 'UPDATE'],
      resources: ['jobs', 'cronjobs'],
      scope: 'Namespaced',
    },
    {
      groups: [''],
      versions: ['v1'],
      operations: ['CREATE', 'UPDATE'],
      resources: ['pods'],
      scope: 'Namespaced',
    },
  ],
  matchConditions: [
    {
      name: 'placed',
      expression: `${ours('object')} || (oldObject != null && (${ours('oldObject')}))`,
    },
    {
      name: 'touched',
      expression:
        `request.operation == 'CREATE' || object.spec != oldObject.spec || ` +
        `!(${sameAnnotations('object', 'oldObject')}) || !(${sameAnnotations('oldObject', 'object')})`,
    },
    {
      name: 'not-made-by-a-controller',
      expression:
        `!object.?metadata.?ownerReferences.orValue([]).exists(o, o.?controller.orValue(false) && ` +
        `o.kind in ${MAKERS} && (request.userInfo.username == 'system:kube-controller-manager' || ` +
        `request.userInfo.username == 'system:serviceaccount:kube-system:' + ${MAKERS}[o.kind] + '-controller'))`,
    },
  ],
  skipSystemNamespaces: true,
  failurePolicy: 'Fail',
  sideEffects: 'None',
  timeoutSeconds: 5,
  reinvocationPolicy: 'IfNeeded',
}
