/** The parts of admission.k8s.io/v1 AdmissionRequest that hooks read. */
export interface AdmissionRequest {
  readonly uid: string
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string }
  readonly resource: { readonly group: string; readonly version: string; readonly resource: string }
  readonly subResource?: string
  /** Absent or empty under generateName. */
  readonly name?: string
  readonly namespace?: string
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'
  readonly userInfo: {
    readonly username: string
    readonly uid?: string
    readonly groups?: readonly string[]
    readonly extra?: Readonly<Record<string, readonly string[]>>
  }
  readonly object: KubeObject | null
  readonly oldObject: KubeObject | null
  readonly dryRun?: boolean
  readonly options?: unknown
}

/** Any Kubernetes object; fields beyond metadata are read with care, since a request may hold anything. */
export interface KubeObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: ObjectMeta
  readonly [field: string]: unknown
}

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
}

export interface ObjectMeta {
  readonly name?: string
  readonly generateName?: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly OwnerReference[]
  readonly finalizers?: readonly string[]
}

/** One operation of RFC 6902. */
export type PatchOp =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }

/** What a hook decides. */
export type Verdict =
  | {
      readonly allowed: true
      readonly patch?: readonly PatchOp[]
      readonly warnings?: readonly string[]
    }
  | {
      readonly allowed: false
      /** HTTP status that the client sees: 403 for a guard, 422 for bad input, 409, 429. */
      readonly status: number
      /** Stable code of the refusal, docs/reference/errors.md. */
      readonly code: string
      readonly message: string
      /** Path of the field at fault. */
      readonly field?: string
    }
