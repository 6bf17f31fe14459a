import { PREFIX } from '../placement/labels.ts'

/** Annotation by which an administrator says where a node is (manual.ts). */
export const MANUAL_ANNOTATION = `${PREFIX}location`

/** Annotation with the address from which a contributed node joined, as our own join endpoint saw it. */
export const ENDPOINT_ANNOTATION = `${PREFIX}endpoint`

/** Annotation of the locator's own: what a place found by address was made from (provenance.ts). */
export const PROVENANCE_ANNOTATION = `${PREFIX}located-from`

/** Type of the Node condition that says whether and how a node was located. */
export const CONDITION = 'EdgeNetLocated'

/** Every label that the locator writes, without prefix. */
export const GEO_LABELS = [
  'continent',
  'country-iso',
  'state-iso',
  'city',
  'lat',
  'lon',
  'subdivision',
  'country-city',
  'subdivision-city',
  'location-source',
  'accuracy-km',
] as const

/** Label values by full name. Only names from a fixed list occur, so a plain record is safe. */
export type Labels = Readonly<Record<string, string>>

export interface Condition {
  readonly status: string
  readonly reason: string
  readonly message: string
  readonly lastTransitionTime?: string
}

/** What the locator needs of a Node. */
export interface NodeFacts {
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  /** The geo labels that the node has now. */
  readonly labels: Labels
  /** Text of the annotations; undefined: not there. */
  readonly manual?: string
  readonly endpoint?: string
  readonly provenance?: string
  readonly providerId?: string
  readonly regionLabel?: string
  readonly zoneLabel?: string
  readonly externalIPs: readonly string[]
  readonly internalIPs: readonly string[]
  readonly condition?: Condition
}

/** Projects a Node, trusting nothing about its shape: what is not as the API says it is left out. */
export function nodeFacts(object: unknown): NodeFacts {
  const metadata = child(object, 'metadata')
  const annotations = child(metadata, 'annotations')
  const labels = child(metadata, 'labels')
  const spec = child(object, 'spec')
  const status = child(object, 'status')
  const condition = conditionOf(status)
  return {
    name: text(metadata, 'name') ?? '',
    uid: text(metadata, 'uid') ?? '',
    resourceVersion: text(metadata, 'resourceVersion') ?? '',
    labels: geoLabels(labels),
    ...optional('manual', annotation(annotations, MANUAL_ANNOTATION)),
    ...optional('endpoint', text(annotations, ENDPOINT_ANNOTATION)),
    ...optional('provenance', text(annotations, PROVENANCE_ANNOTATION)),
    ...optional('providerId', text(spec, 'providerID')),
    ...optional('regionLabel', text(labels, 'topology.kubernetes.io/region')),
    ...optional('zoneLabel', text(labels, 'topology.kubernetes.io/zone')),
    externalIPs: addressesOf(status, 'ExternalIP'),
    internalIPs: addressesOf(status, 'InternalIP'),
    ...(condition && { condition }),
  }
}

/** An own property; prototypes are not looked at. */
function child(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
  return (value as Record<string, unknown>)[key]
}

function text(value: unknown, key: string): string | undefined {
  const found = child(value, key)
  return typeof found === 'string' ? found : undefined
}

/** An annotation that is there in a wrong type still counts as there: its text then fails to parse. */
function annotation(annotations: unknown, key: string): string | undefined {
  const found = child(annotations, key)
  if (found === undefined || typeof found === 'string') return found
  return `(${typeof found})`
}

function optional<K extends string>(key: K, value: string | undefined): { [P in K]?: string } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: string }
}

function geoLabels(labels: unknown): Labels {
  const found: Record<string, string> = {}
  for (const name of GEO_LABELS) {
    const value = text(labels, PREFIX + name)
    if (value !== undefined) found[PREFIX + name] = value
  }
  return found
}

function list(value: unknown, key: string): readonly unknown[] {
  const found = child(value, key)
  return Array.isArray(found) ? found : []
}

function addressesOf(status: unknown, type: string): string[] {
  return list(status, 'addresses')
    .filter((entry) => text(entry, 'type') === type)
    .flatMap((entry) => text(entry, 'address') ?? [])
}

function conditionOf(status: unknown): Condition | undefined {
  const found = list(status, 'conditions').find((entry) => text(entry, 'type') === CONDITION)
  if (found === undefined) return undefined
  return {
    status: text(found, 'status') ?? '',
    reason: text(found, 'reason') ?? '',
    message: text(found, 'message') ?? '',
    ...optional('lastTransitionTime', text(found, 'lastTransitionTime')),
  }
}
