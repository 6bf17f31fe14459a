import type { KubeObject, PatchOp } from '../../../core/admission/types.ts'
import {
  type InjectRequest,
  inject,
  injectionPatch,
} from '../../../core/placement/injection/inject.ts'
import { MARKER } from '../../../core/placement/labels.ts'
import type { Kind } from '../../../core/placement/types.ts'
import { templatePath } from '../../../core/placement/workload.ts'

export type Json = { [key: string]: unknown }

/** Annotations given without their prefix. */
export const annotated = (annotations: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(annotations).map(([key, value]) => [`edge-net.io/${key}`, value as string]),
  )

export interface Parts {
  readonly annotations?: Readonly<Record<string, unknown>>
  readonly spec?: Json
  readonly name?: string
  readonly generateName?: string
  readonly templateAnnotations?: Record<string, string>
  readonly topSpec?: Json
}

/** A workload of a kind, as the API server would hand it to admission. */
export function workload(kind: Kind, parts: Parts = {}): KubeObject {
  const metadata = {
    ...(parts.generateName === undefined && { name: parts.name ?? 'web' }),
    ...(parts.generateName !== undefined && { generateName: parts.generateName }),
    ...(parts.annotations && { annotations: annotated(parts.annotations) }),
  }
  const podSpec = { containers: [{ name: 'c', image: 'i' }], ...parts.spec }
  if (kind === 'Pod') return { kind, metadata, spec: podSpec }
  const template = {
    metadata: {
      labels: { app: 'web' },
      ...(parts.templateAnnotations && { annotations: parts.templateAnnotations }),
    },
    spec: podSpec,
  }
  const selector =
    kind === 'Job' || kind === 'CronJob' ? {} : { selector: { matchLabels: { app: 'web' } } }
  const spec = { ...parts.topSpec, ...selector, template }
  return kind === 'CronJob'
    ? { kind, metadata, spec: { jobTemplate: { spec } } }
    : { kind, metadata, spec }
}

/** A JSON Patch (add, replace, remove on objects) applied to a copy. */
export function applied(object: KubeObject, ops: readonly PatchOp[]): KubeObject {
  const copy = structuredClone(object) as unknown as Json
  for (const op of ops) {
    const path = op.path
      .slice(1)
      .split('/')
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    const last = path.pop() as string
    let at = copy
    for (const part of path) {
      if (!Object.hasOwn(at, part)) throw new Error(`no ${op.path}`)
      at = at[part] as Json
    }
    if (op.op !== 'add' && !Object.hasOwn(at, last)) throw new Error(`no ${op.path}`)
    if (op.op === 'remove') delete at[last]
    else at[last] = structuredClone(op.value)
  }
  return tidy(copy) as unknown as KubeObject
}

/** Without empty maps of annotations, which the API server does not store. */
function tidy(value: Json): Json {
  for (const [key, member] of Object.entries(value)) {
    if (typeof member !== 'object' || member === null || Array.isArray(member)) continue
    if (key === 'annotations' && Object.keys(member).length === 0) delete value[key]
    else tidy(member as Json)
  }
  return value
}

type Options = Partial<Omit<InjectRequest, 'kind' | 'object' | 'operation'>>

/** What is stored after admission of an object: at UPDATE of `stored`. */
export function admit(
  kind: Kind,
  object: KubeObject,
  options: Options & { stored?: KubeObject } = {},
): KubeObject {
  const { stored, ...others } = options
  const injection = inject({
    kind,
    namespace: 'ns',
    name: object.metadata.name,
    generateName: object.metadata.generateName,
    uid: 'uid-1',
    operation: stored ? 'UPDATE' : 'CREATE',
    oldObject: stored ?? null,
    object,
    ...others,
  })
  return injection ? applied(object, injectionPatch(kind, object, injection)) : object
}

/** A copy of an object with other annotations on the workload; undefined: none. */
export function withAnnotations(
  object: KubeObject,
  annotations: Record<string, unknown> | undefined,
): KubeObject {
  const { annotations: _, ...metadata } = object.metadata
  return structuredClone({
    ...object,
    metadata: annotations ? { ...metadata, annotations: annotated(annotations) } : metadata,
  })
}

/** The pod template of an object, to look at or to change. */
export function templateOf(kind: Kind, object: KubeObject): { metadata: Json; spec: Json } {
  let at = object as unknown as Json
  for (const part of templatePath(kind)) at = at[part] as Json
  return at as { metadata: Json; spec: Json }
}

/** A changed copy: `change` works on the pod spec and the template's annotations. */
export function edited(
  kind: Kind,
  object: KubeObject,
  change: (spec: Json, annotations: Record<string, string>) => void,
): KubeObject {
  const copy = structuredClone(object)
  const { spec, metadata } = templateOf(kind, copy)
  metadata['annotations'] ??= {}
  change(spec, metadata['annotations'] as Record<string, string>)
  return tidy(copy as unknown as Json) as unknown as KubeObject
}

export const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution'

/** A pod spec's affinity with required terms. */
export const requires = (terms: unknown): Json => ({
  nodeAffinity: { [REQUIRED]: { nodeSelectorTerms: terms } },
})

/** The required terms of a workload's pods, each in short: `country-iso In FR & x Exists`. */
export function termsIn(kind: Kind, object: KubeObject): string[] | undefined {
  const affinity = templateOf(kind, object).spec['affinity'] as Json | undefined
  const required = (affinity?.['nodeAffinity'] as Json | undefined)?.[REQUIRED] as Json | undefined
  const terms = required?.['nodeSelectorTerms'] as
    | { matchExpressions?: Short[]; matchFields?: Short[] }[]
    | undefined
  return terms?.map(({ matchExpressions = [], matchFields = [] }) =>
    [...matchExpressions.map(short), ...matchFields.map((field) => `field ${short(field)}`)].join(
      ' & ',
    ),
  )
}

interface Short {
  key: string
  operator: string
  values?: string[]
}

const short = ({ key, operator, values = [] }: Short): string =>
  `${key.replace(/^edge-net[^/]*\//, '').replace(/[0-9a-f]{20}$/, '#')} ${operator} ${values.join()}`.trim()

export const markerOf = (kind: Kind, object: KubeObject): string | undefined =>
  (templateOf(kind, object).metadata['annotations'] as Json | undefined)?.[MARKER] as
    | string
    | undefined

export const expression = (key: string, ...values: string[]) =>
  values.length > 0 ? { key, operator: 'In', values } : { key, operator: 'Exists' }
