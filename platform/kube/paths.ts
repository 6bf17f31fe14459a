/** A kind of resource as the API's URLs name it. */
export interface ResourceType {
  /** Empty or absent: the core group. */
  readonly group?: string | undefined
  readonly version: string
  /** Plural, lower case. */
  readonly resource: string
}

export interface At {
  readonly namespace?: string | undefined
  readonly name?: string | undefined
  readonly subresource?: string | undefined
}

/** The resources that EdgeNet touches. */
export const RESOURCES = {
  configmaps: { version: 'v1', resource: 'configmaps' },
  limitranges: { version: 'v1', resource: 'limitranges' },
  namespaces: { version: 'v1', resource: 'namespaces' },
  nodes: { version: 'v1', resource: 'nodes' },
  pods: { version: 'v1', resource: 'pods' },
  podtemplates: { version: 'v1', resource: 'podtemplates' },
  resourcequotas: { version: 'v1', resource: 'resourcequotas' },
  secrets: { version: 'v1', resource: 'secrets' },
  serviceaccounts: { version: 'v1', resource: 'serviceaccounts' },
  services: { version: 'v1', resource: 'services' },
  daemonsets: { group: 'apps', version: 'v1', resource: 'daemonsets' },
  deployments: { group: 'apps', version: 'v1', resource: 'deployments' },
  replicasets: { group: 'apps', version: 'v1', resource: 'replicasets' },
  statefulsets: { group: 'apps', version: 'v1', resource: 'statefulsets' },
  cronjobs: { group: 'batch', version: 'v1', resource: 'cronjobs' },
  jobs: { group: 'batch', version: 'v1', resource: 'jobs' },
  certificatesigningrequests: {
    group: 'certificates.k8s.io',
    version: 'v1',
    resource: 'certificatesigningrequests',
  },
  leases: { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' },
  events: { group: 'events.k8s.io', version: 'v1', resource: 'events' },
  networkpolicies: { group: 'networking.k8s.io', version: 'v1', resource: 'networkpolicies' },
  clusterroles: { group: 'rbac.authorization.k8s.io', version: 'v1', resource: 'clusterroles' },
  rolebindings: { group: 'rbac.authorization.k8s.io', version: 'v1', resource: 'rolebindings' },
  mutatingwebhookconfigurations: {
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    resource: 'mutatingwebhookconfigurations',
  },
  validatingwebhookconfigurations: {
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    resource: 'validatingwebhookconfigurations',
  },
  customresourcedefinitions: {
    group: 'apiextensions.k8s.io',
    version: 'v1',
    resource: 'customresourcedefinitions',
  },
  geoareas: { group: 'edge-net.io', version: 'v1alpha1', resource: 'geoareas' },
  placements: { group: 'edge-net.io', version: 'v1alpha1', resource: 'placements' },
} as const satisfies Record<string, ResourceType>

/**
 * One segment of a path. An empty name would turn the deletion of one object into that of all, and
 * dots would climb: neither is a legal Kubernetes name, so both are programming errors.
 */
function segment(what: string, value: string): string {
  if (value === '' || value === '.' || value === '..') {
    throw new TypeError(`${what} must be a name, received ${JSON.stringify(value)}`)
  }
  return encodeURIComponent(value)
}

/** URL path of a collection (no name), an object or a subresource. Throws TypeError on an empty part. */
export function resourcePath(ref: ResourceType & At): string {
  const parts = ref.group
    ? ['/apis', segment('group', ref.group), segment('version', ref.version)]
    : ['/api', segment('version', ref.version)]
  if (ref.namespace !== undefined) parts.push('namespaces', segment('namespace', ref.namespace))
  parts.push(segment('resource', ref.resource))
  if (ref.name !== undefined) parts.push(segment('name', ref.name))
  if (ref.subresource !== undefined) {
    if (ref.name === undefined) throw new TypeError('a subresource needs the name of its object')
    parts.push(segment('subresource', ref.subresource))
  }
  return parts.join('/')
}

/** `pathTo('pods', { namespace: 'a', name: 'b' })`: the URL path of one of our RESOURCES. */
export function pathTo(resource: keyof typeof RESOURCES, at: At = {}): string {
  return resourcePath({ ...RESOURCES[resource], ...at })
}

/** The resource (with its subresource) that a path is about, as a metric's label: no names in it. */
export function resourceOf(path: string): string {
  const parts = path.split('?', 1)[0]?.split('/').filter(Boolean) ?? []
  const rest = parts[0] === 'apis' ? parts.slice(3) : parts[0] === 'api' ? parts.slice(2) : []
  // namespaces/NAME/finalize and /status are subresources of the namespace itself.
  const inside =
    rest[0] === 'namespaces' && rest.length > 2 && !/^(status|finalize)$/.test(`${rest[2]}`)
  const [resource, , subresource] = inside ? rest.slice(2) : rest
  if (resource === undefined) return 'other'
  return subresource === undefined ? resource : `${resource}/${subresource}`
}
