import { NODE_HEARTBEAT, NODE_READY, POD_RUNNING, podEnded } from './templates.ts'

/**
 * kwok's configuration: how fake nodes and their pods behave. Stages are data: a selector over the
 * object, a delay, and what comes next. kwok picks at random among stages that match at the same time,
 * so the selectors exclude each other.
 */

/** kwok serves nodes with this label; heartbeat.ts takes it away and gives it back. */
export const SERVED_LABEL = 'testbed/served'
/** Every fake node carries it, served or not. */
export const FAKE_LABEL = 'testbed/fake'
/** A Job's (or any non-restarting) pod with it ends successfully after this duration (`5s`, `1m`). */
export const COMPLETE_AFTER = 'testbed/complete-after'
/** Pods' addresses, apart from those of nodes and services. */
const POD_RANGE = '10.128.0.1/9'

export interface Behaviour {
  /** Seconds from binding to Running and Ready. */
  readonly podStart: number
  /** Seconds from deletion to its end. */
  readonly podStop: number
  /** leaseDurationSeconds of the node leases; they are renewed four times in it. */
  readonly leaseSeconds: number
}

type Operator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
type Requirement = readonly [jq: string, operator: Operator, ...values: string[]]

interface Delay {
  readonly seconds: number
  /** The delay is drawn between `seconds` and this. */
  readonly upTo?: number
  /** jq expression of a duration, instead of `seconds`. */
  readonly from?: string
}

interface Stage {
  readonly name: string
  readonly kind: 'Node' | 'Pod'
  readonly when: readonly Requirement[]
  readonly delay?: Delay
  /** Go template of the status, merged into the old one; or the deletion. */
  readonly next: { readonly status: string } | { readonly delete: true }
}

const READY = '.status.conditions.[] | select( .type == "Ready" ) | .status'

const DELETED: Requirement = ['.metadata.deletionTimestamp', 'Exists']
const NOT_DELETED: Requirement = ['.metadata.deletionTimestamp', 'DoesNotExist']
const OVER = ['Succeeded', 'Failed'] as const

function stages({ podStart, podStop }: Behaviour): Stage[] {
  const annotation = `.metadata.annotations["${COMPLETE_AFTER}"]`
  return [
    {
      name: 'node-ready',
      kind: 'Node',
      when: [[READY, 'NotIn', 'True']],
      next: { status: NODE_READY },
    },
    {
      name: 'node-heartbeat',
      kind: 'Node',
      when: [[READY, 'In', 'True']],
      delay: { seconds: 280, upTo: 320 },
      next: { status: NODE_HEARTBEAT },
    },
    {
      name: 'pod-start',
      kind: 'Pod',
      when: [NOT_DELETED, ['.status.phase', 'In', 'Pending']],
      delay: { seconds: podStart },
      next: { status: POD_RUNNING },
    },
    {
      name: 'pod-complete',
      kind: 'Pod',
      when: [
        NOT_DELETED,
        ['.status.phase', 'In', 'Running'],
        ['.spec.restartPolicy', 'NotIn', 'Always'],
        [annotation, 'Exists'],
      ],
      delay: { seconds: 0, from: annotation },
      next: { status: podEnded('Succeeded', 0, 'Completed') },
    },
    {
      name: 'pod-stop',
      kind: 'Pod',
      when: [DELETED, ['.status.phase', 'NotIn', ...OVER]],
      delay: { seconds: podStop },
      next: { status: podEnded('Failed', 143, 'Error') },
    },
    {
      name: 'pod-remove',
      kind: 'Pod',
      when: [DELETED, ['.status.phase', 'In', ...OVER]],
      next: { delete: true },
    },
  ]
}

const milliseconds = (seconds: number): number => Math.round(seconds * 1000)

function delayObject({ seconds, upTo, from }: Delay): object {
  return {
    durationMilliseconds: milliseconds(seconds),
    ...(upTo === undefined ? {} : { jitterDurationMilliseconds: milliseconds(upTo) }),
    ...(from === undefined ? {} : { durationFrom: { jq: { expression: from } } }),
  }
}

function stageObject(stage: Stage): object {
  const next =
    'status' in stage.next
      ? {
          patches: [
            {
              subresource: 'status',
              root: 'status',
              type: 'strategic',
              template: stage.next.status,
            },
          ],
        }
      : stage.next
  const matchExpressions = stage.when.map(([key, operator, ...values]) => ({
    jq: { key, operator, ...(values.length > 0 ? { values } : {}) },
  }))
  return {
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'Stage',
    metadata: { name: stage.name },
    spec: {
      resourceRef: { apiGroup: 'v1', kind: stage.kind },
      selector: { matchExpressions },
      ...(stage.delay === undefined ? {} : { delay: delayObject(stage.delay) }),
      next,
    },
  }
}

/** kwok's configuration file: YAML documents, each written as JSON (which is YAML). */
export function kwokConfig(behaviour: Behaviour): string {
  const options = {
    cidr: POD_RANGE,
    manageNodesWithLabelSelector: SERVED_LABEL,
    nodeLeaseDurationSeconds: behaviour.leaseSeconds,
    // Its defaults (4) serve some hundred nodes; 5,000 nodes with leases of 40 s are 500 renewals/s.
    nodeLeaseParallelism: 16,
    nodePlayStageParallelism: 16,
    podPlayStageParallelism: 16,
    podsOnNodeSyncParallelism: 8,
  }
  const configuration = {
    apiVersion: 'config.kwok.x-k8s.io/v1alpha1',
    kind: 'KwokConfiguration',
    options,
  }
  const documents = [configuration, ...stages(behaviour).map(stageObject)]
  return documents.map((document) => JSON.stringify(document, null, 2)).join('\n---\n')
}
