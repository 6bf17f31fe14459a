import type { AdmissionRequest } from '../../admission/types.ts'
import { isFields, member } from '../untyped.ts'

/** Who makes objects of a kind that an owner of another kind controls. */
interface Maker {
  readonly kind: string
  readonly owner: string
  readonly group: string
  /** Name of the controller's ServiceAccount in kube-system. */
  readonly controller: string
}

const MAKERS: readonly Maker[] = [
  { kind: 'Job', owner: 'CronJob', group: 'batch', controller: 'cronjob-controller' },
  { kind: 'ReplicaSet', owner: 'Deployment', group: 'apps', controller: 'deployment-controller' },
  { kind: 'Pod', owner: 'ReplicaSet', group: 'apps', controller: 'replicaset-controller' },
  { kind: 'Pod', owner: 'StatefulSet', group: 'apps', controller: 'statefulset-controller' },
  { kind: 'Pod', owner: 'DaemonSet', group: 'apps', controller: 'daemon-set-controller' },
  { kind: 'Pod', owner: 'Job', group: 'batch', controller: 'job-controller' },
  { kind: 'Pod', owner: 'ReplicationController', group: '', controller: 'replication-controller' },
]

/** All controllers, when they do not use ServiceAccounts of their own. */
const CONTROLLER_MANAGER = 'system:kube-controller-manager'

/**
 * Whether an object is to be left alone, because the controller of its owner makes it from a template
 * that has been looked at: Deployments copy their annotations to ReplicaSets, and a ReplicaSet that then
 * differs from the template is made again and again. Only when the user is exactly that controller: an
 * ownerReference can be written by everybody.
 */
export function controllerMade(
  request: Pick<AdmissionRequest, 'kind' | 'object' | 'userInfo'>,
): boolean {
  const { username } = request.userInfo
  const maker = makerOf(request.kind.kind, request.object)
  if (!maker) return false
  return (
    username === CONTROLLER_MANAGER ||
    username === `system:serviceaccount:kube-system:${maker.controller}`
  )
}

/** Whether an object says that such a controller made it; only of stored objects it is a fact. */
export const isChild = (kind: string, object: unknown): boolean =>
  makerOf(kind, object) !== undefined

function makerOf(kind: string, object: unknown): Maker | undefined {
  const owner = controllerOf(object)
  return MAKERS.find(
    (maker) => maker.kind === kind && maker.owner === owner?.kind && maker.group === owner.group,
  )
}

function controllerOf(object: unknown): { kind: string; group: string } | undefined {
  const metadata = isFields(object) ? member(object, 'metadata') : undefined
  const references = isFields(metadata) ? member(metadata, 'ownerReferences') : undefined
  const owner = (Array.isArray(references) ? references : []).find(
    (reference: unknown) => isFields(reference) && member(reference, 'controller') === true,
  )
  const kind = isFields(owner) ? member(owner, 'kind') : undefined
  const version = isFields(owner) ? member(owner, 'apiVersion') : undefined
  if (typeof kind !== 'string' || typeof version !== 'string') return undefined
  return { kind, group: version.includes('/') ? version.slice(0, version.indexOf('/')) : '' }
}
