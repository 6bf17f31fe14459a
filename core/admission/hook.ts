import type { AdmissionRequest, Verdict } from './types.ts'

/**
 * What the API server must know of a hook. The webhook configurations of the chart are generated
 * from these declarations, so code and manifest cannot disagree.
 */
export interface HookDeclaration {
  /** DNS label; the hook is served at `/hooks/<name>` and called `<name>.edge-net.io` in the API. */
  readonly name: string
  readonly type: 'mutating' | 'validating'
  readonly rules: readonly {
    readonly groups: readonly string[]
    readonly versions: readonly string[]
    readonly operations: readonly ('CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT')[]
    readonly resources: readonly string[]
    readonly scope?: 'Cluster' | 'Namespaced'
  }[]
  /** CEL; objects that no condition lets through never reach us. */
  readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[]
  /** Exclude kube-system and our own namespace (by kubernetes.io/metadata.name). Never for hooks on namespaces. */
  readonly skipSystemNamespaces: boolean
  readonly failurePolicy: 'Fail' | 'Ignore'
  readonly sideEffects: 'None' | 'NoneOnDryRun'
  readonly timeoutSeconds: number
  readonly reinvocationPolicy?: 'IfNeeded' | 'Never'
}

export interface HookContext {
  /** Aborted shortly before the API server gives up waiting. */
  readonly signal: AbortSignal
}

export interface Hook extends HookDeclaration {
  /** What an unexpected error means: a guard denies, an adviser allows with a warning. */
  readonly onError: 'deny' | 'allow'
  /** Throws Refusal for bad input (answered as 422 with its code and field). */
  decide(request: AdmissionRequest, context: HookContext): Verdict | Promise<Verdict>
}
