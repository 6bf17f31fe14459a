import type { Shape } from '../geo/types.ts'

export const KINDS = [
  'Deployment',
  'DaemonSet',
  'StatefulSet',
  'ReplicaSet',
  'Job',
  'CronJob',
  'Pod',
] as const
export type Kind = (typeof KINDS)[number]

/** Kubernetes' NodeSelectorRequirement. */
export interface Requirement {
  key: string
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt'
  values?: string[]
}

/** Kubernetes' NodeSelectorTerm: ANDed requirements. A term with neither list matches no node. */
export interface Term {
  matchExpressions?: Requirement[]
  matchFields?: Requirement[]
}

/** A region on Earth that is not an attribute of a node: it becomes a label of its own on the nodes. */
export type Area =
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'shape'; readonly shape: Shape }
  | { readonly kind: 'circle'; readonly lat: number; readonly lon: number; readonly km: number }

/** One row of a selection. Its facts are ANDed; rows are ORed. */
export interface Row {
  /** 80 bits, 20 hex digits, of the row's facts (not of its count) and of its occurrence among equal rows. */
  readonly id: string
  /** Requirements on the geo labels, in fixed order (continent, country, state, city). */
  readonly attributes: readonly Requirement[]
  /** The node lies in at least one of these; empty: no such condition. */
  readonly anyOf: readonly Area[]
  /** The node lies in none of these. */
  readonly noneOf: readonly Area[]
  /** `near`: the circle when `within` is given, and the centre for the k nearest. */
  readonly near?: { readonly lat: number; readonly lon: number; readonly km?: number }
  /** How many nodes; absent: every node of the area. */
  readonly nodes?: number
}

export type Spread = 'strict' | 'soft' | 'none'
export type OnNodeLoss = 'replace' | 'wait' | 'force'

/** What the annotations of one workload ask for. */
export interface Selection {
  readonly rows: readonly Row[]
  readonly spread: Spread
  readonly onNodeLoss: OnNodeLoss
  /** Sentences for the user about what was read in one of two possible ways. */
  readonly warnings?: readonly string[]
}

/** Kubernetes' TopologySpreadConstraint, the part that is used. */
export interface SpreadConstraint {
  maxSkew: number
  topologyKey: string
  whenUnsatisfiable: string
  minDomains?: number
  nodeAffinityPolicy?: string
  nodeTaintsPolicy?: string
  labelSelector?: Record<string, unknown>
  matchLabelKeys?: string[]
}

/** What was injected for one row. */
export interface MarkerRow {
  /** Row.id. */
  readonly id: string
  /** Key of the choice label, for counted rows. */
  readonly use?: string
  /** The alternatives (ORed) that the row adds to each of the user's terms. */
  readonly terms: readonly (readonly Requirement[])[]
}

/** Exactly what admission added to a pod template; kept there as the annotation MARKER. */
export interface Marker {
  readonly v: 1
  readonly rows: readonly MarkerRow[]
  readonly spread: readonly SpreadConstraint[]
  /** The innermost container that the user already had, so that removal restores it. */
  readonly base: 'none' | 'affinity' | 'nodeAffinity' | 'required'
  /** What the choice labels were made from besides generateName, when there was no name yet. */
  readonly salt?: string
}

export interface Taint {
  readonly key: string
  readonly value?: string
  readonly effect: string
}

export interface Toleration {
  readonly key?: string
  readonly operator?: string
  readonly value?: string
  readonly effect?: string
}

/** Amounts in whole units (cpu in millicores, memory in bytes, others as they count). */
export type Resources = Readonly<Record<string, number>>

/** A node as selections see it. */
export interface NodeView {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly ready: boolean
  /** What its condition Ready says when it is not True; absent: it is, or there is no such condition. */
  readonly notReady?: 'False' | 'Unknown'
  /** Not cordoned. */
  readonly schedulable: boolean
  readonly taints: readonly Taint[]
  readonly allocatable: Resources
  /** Degrees; absent when the node has not been located. */
  readonly place?: { readonly lat: number; readonly lon: number }
}

/** What a workload's pods demand of a node, besides the selection. */
export interface PodDemand {
  readonly requests: Resources
  readonly tolerations: readonly Toleration[]
  readonly nodeSelector: Readonly<Record<string, string>>
  /** The user's own required node affinity (ours stripped); undefined: none. */
  readonly affinity?: readonly Term[]
  readonly nodeName?: string
}
