import type { KubeObject } from '../../core/admission/types.ts'
import { KINDS, type Kind, type Term } from '../../core/placement/types.ts'
import { pathTo, type RESOURCES } from '../../platform/kube/paths.ts'

/** What differs between the workloads of the tests. */
export interface Parts {
  readonly name?: string
  readonly generateName?: string
  /** Annotations of the workload itself. */
  readonly annotations?: Record<string, string>
  /** Annotations of the pod template (for a Pod: of the Pod). */
  readonly template?: Record<string, string>
  /** Annotations of a CronJob's job template. */
  readonly job?: Record<string, string>
  /** `affinity` of the pod template, as given. */
  readonly affinity?: unknown
  readonly owner?: {
    readonly apiVersion: string
    readonly kind: string
    readonly controller?: boolean
  }
}

export const ALL_KINDS = KINDS

const RESOURCE: Record<Kind, keyof typeof RESOURCES> = {
  Deployment: 'deployments',
  DaemonSet: 'daemonsets',
  StatefulSet: 'statefulsets',
  ReplicaSet: 'replicasets',
  Job: 'jobs',
  CronJob: 'cronjobs',
  Pod: 'pods',
}

/** Path of a kind's collection, or of one object. */
export const pathOf = (kind: Kind, namespace: string, name?: string): string =>
  pathTo(RESOURCE[kind], { namespace, ...(name === undefined ? {} : { name }) })

/** Required node affinity with these terms. */
export const required = (...terms: readonly Term[]) => ({
  nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } },
})

const LABELS = { app: 'test' }

/** A small valid object of any of the seven kinds. */
export function workload(kind: Kind, parts: Parts = {}): KubeObject {
  const { name = 'web', generateName, annotations = {}, template = {}, job, owner } = parts
  const metadata = {
    ...(generateName === undefined ? { name } : { generateName }),
    labels: LABELS,
    annotations: kind === 'Pod' ? { ...annotations, ...template } : annotations,
    ...(owner && { ownerReferences: [{ name: 'parent', uid: 'u-1', ...owner }] }),
  }
  const apps = kind === 'Job' || kind === 'CronJob' ? 'batch/v1' : 'apps/v1'
  const apiVersion = kind === 'Pod' ? 'v1' : apps
  const spec = specOf(kind, podSpec(kind, parts), template)
  if (job) Object.assign(spec['jobTemplate'] as object, { metadata: { annotations: job } })
  return { apiVersion, kind, metadata, spec }
}

function podSpec(kind: Kind, { affinity }: Parts): Record<string, unknown> {
  return {
    containers: [{ name: 'c', image: 'none' }],
    ...(kind === 'Job' || kind === 'CronJob' ? { restartPolicy: 'Never' } : {}),
    ...(affinity === undefined ? {} : { affinity }),
  }
}

function specOf(
  kind: Kind,
  spec: Record<string, unknown>,
  annotations: Record<string, string>,
): Record<string, unknown> {
  const template = { metadata: { labels: LABELS, annotations }, spec }
  const selector = { matchLabels: LABELS }
  switch (kind) {
    case 'Pod':
      return spec
    case 'Job':
      return { template }
    case 'CronJob':
      return { schedule: '0 0 1 1 *', jobTemplate: { spec: { template } } }
    case 'DaemonSet':
      return { selector, template }
    case 'StatefulSet':
      return { selector, template, serviceName: 'x', replicas: 0 }
    default:
      return { selector, template, replicas: 0 }
  }
}
