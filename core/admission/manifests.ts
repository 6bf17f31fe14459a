import type { HookDeclaration } from './hook.ts'

/** Where the API server reaches the hooks: a Service of the cluster, or a URL outside of it. */
export type ClientConfig = {
  /** PEM bundle in base64; left out where another party injects it (cert-manager's ca-injector). */
  readonly caBundle?: string
} & (
  | {
      readonly service: {
        readonly namespace: string
        readonly name: string
        readonly port?: number
      }
    }
  | {
      /** `https://host:port`, to which the path of the hook is added. */
      readonly url: string
    }
)

export interface ConfigurationOptions {
  readonly clientConfig: ClientConfig
  /** The namespace of our own processes: hooks that skip system namespaces skip this one too. */
  readonly ownNamespace: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
}

/** One webhook of admissionregistration.k8s.io/v1. */
export interface WebhookEntry {
  readonly name: string
  readonly clientConfig: Readonly<Record<string, unknown>>
  readonly rules: readonly Readonly<Record<string, unknown>>[]
  readonly matchPolicy: 'Equivalent'
  readonly namespaceSelector?: Readonly<Record<string, unknown>>
  readonly matchConditions?: HookDeclaration['matchConditions']
  readonly failurePolicy: 'Fail' | 'Ignore'
  readonly sideEffects: 'None' | 'NoneOnDryRun'
  readonly timeoutSeconds: number
  readonly reinvocationPolicy?: 'IfNeeded' | 'Never'
  readonly admissionReviewVersions: readonly ['v1']
}

export interface WebhookConfiguration {
  readonly apiVersion: 'admissionregistration.k8s.io/v1'
  readonly kind: 'MutatingWebhookConfiguration' | 'ValidatingWebhookConfiguration'
  readonly metadata: {
    readonly name: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly webhooks: readonly WebhookEntry[]
}

/** Both configurations have this name; their kinds tell them apart. */
export const CONFIGURATION_NAME = 'edgenet'

/** Path of a hook on the server, the same in the URL and behind the Service. */
export const hookPath = (name: string): string => `/hooks/${name}`

const DNS_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * The two webhook configurations that make the API server call exactly these hooks.
 * Pure: the same declarations and options give equal objects, in the order of the declarations.
 *
 * @throws Error for declarations that the API server would take in another meaning than ours: a
 * name that is no DNS label or is used twice, `reinvocationPolicy` on a validating hook, a timeout
 * outside 1–30 s, and a hook on namespaces that skips system namespaces (the selector is matched
 * against the new labels of the namespace itself, so that a user could walk past it).
 */
export function webhookConfigurations(
  declarations: readonly HookDeclaration[],
  options: ConfigurationOptions,
): [WebhookConfiguration, WebhookConfiguration] {
  const seen = new Set<string>()
  for (const declaration of declarations) {
    check(declaration)
    if (seen.has(declaration.name)) throw new Error(`hook ${declaration.name} is declared twice`)
    seen.add(declaration.name)
  }
  const configuration = (type: HookDeclaration['type']): WebhookConfiguration => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: type === 'mutating' ? 'MutatingWebhookConfiguration' : 'ValidatingWebhookConfiguration',
    metadata: {
      name: CONFIGURATION_NAME,
      ...(options.labels && { labels: options.labels }),
      ...(options.annotations && { annotations: options.annotations }),
    },
    webhooks: declarations.filter((d) => d.type === type).map((d) => entry(d, options)),
  })
  return [configuration('mutating'), configuration('validating')]
}

function check(d: HookDeclaration): void {
  if (!DNS_LABEL.test(d.name)) throw new Error(`hook name ${d.name} is not a DNS label`)
  if (d.type === 'validating' && d.reinvocationPolicy !== undefined)
    throw new Error(`hook ${d.name}: only mutating hooks have a reinvocationPolicy`)
  if (!(Number.isInteger(d.timeoutSeconds) && d.timeoutSeconds >= 1 && d.timeoutSeconds <= 30))
    throw new Error(`hook ${d.name}: timeoutSeconds must be 1 to 30`)
  const onNamespaces = d.rules.some((r) =>
    r.resources.some((x) => x.split('/')[0] === 'namespaces'),
  )
  if (onNamespaces && d.skipSystemNamespaces)
    throw new Error(`hook ${d.name}: a hook on namespaces must not skip system namespaces`)
}

function entry(d: HookDeclaration, options: ConfigurationOptions): WebhookEntry {
  return {
    name: `${d.name}.edge-net.io`,
    clientConfig: clientConfig(options.clientConfig, hookPath(d.name)),
    rules: d.rules.map((rule) => ({
      apiGroups: rule.groups,
      apiVersions: rule.versions,
      operations: rule.operations,
      resources: rule.resources,
      scope: rule.scope ?? '*',
    })),
    matchPolicy: 'Equivalent',
    ...(d.skipSystemNamespaces && { namespaceSelector: notIn(options.ownNamespace) }),
    ...(d.matchConditions && { matchConditions: d.matchConditions }),
    failurePolicy: d.failurePolicy,
    sideEffects: d.sideEffects,
    timeoutSeconds: d.timeoutSeconds,
    ...(d.reinvocationPolicy && { reinvocationPolicy: d.reinvocationPolicy }),
    admissionReviewVersions: ['v1'],
  }
}

function clientConfig(config: ClientConfig, path: string): Readonly<Record<string, unknown>> {
  const ca = config.caBundle === undefined ? {} : { caBundle: config.caBundle }
  if ('url' in config) return { url: config.url.replace(/\/+$/, '') + path, ...ca }
  const { namespace, name, port } = config.service
  return { service: { namespace, name, path, port: port ?? 443 }, ...ca }
}

/** Without kube-system and ourselves an outage of the hooks cannot keep the cluster from healing. */
const notIn = (ownNamespace: string) => ({
  matchExpressions: [
    {
      key: 'kubernetes.io/metadata.name',
      operator: 'NotIn',
      values: ['kube-system', ownNamespace],
    },
  ],
})
