/** What `spec.providerID` says: whose machine it is, and where if the id holds that. */
export interface ProviderId {
  /** Name in the tables of data/. */
  readonly provider: string
  /** Zone or region named in the id itself. */
  readonly site?: string
}

/** How one provider writes ids and names its zones. */
interface Dialect {
  readonly provider: string
  /** The site in the id's path, `//` and scheme taken off and split at `/`. */
  readonly site: (path: readonly string[]) => string | undefined
  /** What is cut off a zone's name to get its region. */
  readonly zoneSuffix: RegExp
}

const nowhere = () => undefined

/** By the id's scheme, as the cloud controller managers write it. */
const DIALECTS = new Map<string, Dialect>([
  // aws:///eu-west-1a/i-0abc; a Local Zone's group is its name without the last letter.
  [
    'aws',
    {
      provider: 'aws',
      site: (path) => path.find((part) => /^[a-z]{2,4}(-[a-z]+)+-\d/.test(part)),
      zoneSuffix: /(?<=\d)[a-z]$/,
    },
  ],
  // gce://project/us-central1-a/name
  ['gce', { provider: 'gcp', site: (path) => path[1], zoneSuffix: /-[a-z0-9]+$/ }],
  // azure:///subscriptions/…/virtualMachines/name says no place; zones are westeurope-1.
  ['azure', { provider: 'azure', site: nowhere, zoneSuffix: /-\d$/ }],
  ['digitalocean', { provider: 'digitalocean', site: nowhere, zoneSuffix: /$/ }],
  // hcloud://123 (cloud), hrobot://123 (dedicated); zones are fsn1-dc14.
  ['hcloud', { provider: 'hetzner', site: nowhere, zoneSuffix: /-dc\d+$/ }],
  ['hrobot', { provider: 'hetzner', site: nowhere, zoneSuffix: /-dc\d+$/ }],
  // scaleway://instance/fr-par-1/uuid
  [
    'scaleway',
    {
      provider: 'scaleway',
      site: (path) => path.find((part) => /^[a-z]{2}-[a-z]{3}(-\d)?$/.test(part)),
      zoneSuffix: /-\d$/,
    },
  ],
  // openstack:///uuid or openstack://GRA11/uuid: only OVHcloud's region names are in the tables.
  ['openstack', { provider: 'ovh', site: regionBeforeUuid, zoneSuffix: /-?\d+$/ }],
  ['ovh', { provider: 'ovh', site: regionBeforeUuid, zoneSuffix: /-?\d+$/ }],
])

/** Ids are some 200 characters at most; longer text is not read. */
const MAX_LENGTH = 1024

/** Reads a provider id; undefined when its scheme is not in the tables. */
export function parseProviderId(id: string): ProviderId | undefined {
  const split = dialectOf(id)
  if (!split) return undefined
  const path = split.rest.split('/').filter((part) => part !== '')
  const site = split.dialect.site(path)
  return { provider: split.dialect.provider, ...(site !== undefined && { site }) }
}

/** The names under which a zone or region may stand in the tables, the narrowest first. */
export function siteNames(id: string, site: string): string[] {
  const suffix = dialectOf(id)?.dialect.zoneSuffix
  const region = suffix ? site.replace(suffix, '') : site
  return region === site ? [site] : [site, region]
}

function dialectOf(id: string): { dialect: Dialect; rest: string } | undefined {
  const end = id.length > MAX_LENGTH ? -1 : id.indexOf('://')
  const dialect = end < 0 ? undefined : DIALECTS.get(id.slice(0, end))
  return dialect && { dialect, rest: id.slice(end + 3) }
}

function regionBeforeUuid(path: readonly string[]): string | undefined {
  return path.length > 1 ? path[0] : undefined
}
