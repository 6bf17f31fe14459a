import { readFileSync } from 'node:fs'
import t from 'tap'
import { nodeFacts } from '../../../core/location/node-facts.ts'
import { fromProvider } from '../../../core/location/provider.ts'

interface Row {
  readonly provider: string
  readonly site: string
  readonly parent: string
  readonly place: object
}

/** The reference tables, read on their own so that the committed modules are compared with them. */
function read(file: string): Row[] {
  const [head = '', ...lines] = readFileSync(new URL(`data/${file}`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
  const names = head.split(',')
  return lines.map((line) => {
    const row = Object.fromEntries(line.split(',').map((value, index) => [names[index], value]))
    const subdivision = row['subdivision_iso']?.split('-')[1]
    return {
      provider: row['provider'] ?? '',
      site: row['region'] ?? row['zone_group'] ?? '',
      parent: row['parent_region'] ?? '',
      place: {
        continent: row['continent'],
        country: row['country_iso'],
        ...(subdivision && { subdivision }),
        city: row['city'],
        lat: Number(row['lat']),
        lon: Number(row['lon']),
        accuracyKm: 30,
      },
    }
  })
}

interface Cloud {
  readonly providerID?: unknown
  readonly region?: string
  readonly zone?: string
  readonly endpoint?: string
}

function ask({ providerID, region, zone, endpoint }: Cloud) {
  return fromProvider(
    nodeFacts({
      metadata: {
        name: 'a',
        labels: {
          ...(region !== undefined && { 'topology.kubernetes.io/region': region }),
          ...(zone !== undefined && { 'topology.kubernetes.io/zone': zone }),
        },
        ...(endpoint !== undefined && { annotations: { 'edge-net.io/endpoint': endpoint } }),
      },
      spec: { providerID },
    }),
  )
}

const placeOf = (cloud: Cloud) => {
  const answer = ask(cloud)
  return answer && 'place' in answer ? answer.place : undefined
}

/** How machines of a provider look in a region, as its cloud controller manager makes them. */
const MACHINES: Record<string, (region: string) => Cloud[]> = {
  aws: (region) => [
    { providerID: `aws:///${region}a/i-0123456789abcdef0`, region, zone: `${region}a` },
    { providerID: `aws:///${region}b/i-0123456789abcdef0` },
    { providerID: `aws:///${region}c/0a1b2c/fargate-ip-10-0-0-1.compute.internal` },
    { providerID: 'aws:///i-0123456789abcdef0', region, zone: `${region}a` },
  ],
  gcp: (region) => [
    { providerID: `gce://my-project/${region}-a/gke-node-1`, region, zone: `${region}-a` },
    { providerID: `gce://example.com:my-project/${region}-f/gke-node-1` },
  ],
  azure: (region) => [
    { providerID: AZURE_ID, region, zone: `${region}-1` },
    { providerID: AZURE_ID, region, zone: '0' },
    { providerID: AZURE_ID, zone: `${region}-2` },
  ],
  digitalocean: (region) => [{ providerID: 'digitalocean://262548910', region }],
  hetzner: (region) => [
    { providerID: 'hcloud://4711', region, zone: `${region}-dc14` },
    { providerID: 'hcloud://4711', zone: `${region}-dc3` },
    { providerID: 'hrobot://4712', region },
  ],
  scaleway: (region) => [
    { providerID: `scaleway://instance/${region}-1/6f0c-41`, region, zone: `${region}-1` },
    { providerID: `scaleway://baremetal/${region}-2/6f0c-41` },
    { providerID: 'scaleway://6f0c-41', region },
  ],
  ovh: (region) => [
    { providerID: 'openstack:///6f0c-41', region, zone: 'nova' },
    { providerID: `openstack://${region}/6f0c-41` },
    { providerID: 'openstack:///6f0c-41', region: `${region}11` },
    { providerID: 'openstack:///6f0c-41', region: `${region}-1` },
  ],
}
const AZURE_ID =
  'azure:///subscriptions/0-1/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm-0'

t.test('every region of the reference table', async (t) => {
  const rows = read('cloud-regions.csv')
  t.equal(rows.length, 193)
  for (const { provider, site, place } of rows) {
    const machines = MACHINES[provider]?.(site) ?? []
    t.ok(machines.length > 0, provider)
    for (const machine of machines) t.same(placeOf(machine), place, JSON.stringify(machine))
  }
})

t.test('every edge zone of the reference table, not its region', async (t) => {
  const rows = read('aws-edge-zones.csv')
  t.equal(rows.length, 87)
  for (const { site, parent, place } of rows) {
    const zone = site.includes('-wl') ? site : `${site}a`
    const machines: Cloud[] = [
      { providerID: `aws:///${zone}/i-0123456789abcdef0`, region: parent, zone },
      { providerID: `aws:///${zone}/i-0123456789abcdef0` },
      { providerID: 'aws:///i-0123456789abcdef0', region: parent, zone },
      { providerID: `aws:///${parent}/i-0123456789abcdef0`, region: parent, zone },
    ]
    for (const machine of machines) t.same(placeOf(machine), place, JSON.stringify(machine))
  }
})

t.test('labels count only where the provider id confirms them', async (t) => {
  const city = (cloud: Cloud) => placeOf(cloud)?.city
  t.equal(city({ region: 'eu-west-1', zone: 'eu-west-1a' }), undefined, 'no provider id')
  t.equal(city({ providerID: 'kind://docker/a/b', region: 'eu-west-1' }), undefined, 'no cloud')
  t.equal(city({ providerID: 'hcloud://1', region: 'eu-west-1' }), undefined, 'another cloud')
  t.equal(
    city({ providerID: 'aws:///eu-west-1a/i-1', region: 'us-east-1', zone: 'us-east-1a' }),
    'Dublin',
    'the id names the zone',
  )
  t.equal(
    city({ providerID: 'aws:///us-west-2a/i-1', zone: 'us-west-2-lax-1a' }),
    'Boardman',
    'the id names another zone',
  )
  t.equal(city({ providerID: AZURE_ID }), undefined, 'the id names no place')
  t.equal(city({ providerID: AZURE_ID, region: 'WestEurope' }), 'Amsterdam', 'letter case')
  t.equal(
    city({ providerID: 'aws:///us-west-2-xyz-1a/i-1', region: 'us-west-2' }),
    undefined,
    'a new Local Zone is not where its region is',
  )
  t.equal(city({ providerID: 'aws:///xx-west-9a/i-1' }), undefined, 'a new region')
  t.equal(
    city({ providerID: 'openstack:///1', region: 'RegionOne' }),
    undefined,
    'another OpenStack',
  )
  t.equal(
    city({ providerID: 'aws:///eu-west-1a/i-1', endpoint: '81.2.69.142' }),
    undefined,
    'a contributed machine is not believed',
  )
})

t.test('hostile provider ids', async (t) => {
  const ids: unknown[] = [
    '',
    '://',
    'aws://',
    'aws:///',
    'aws',
    'gce://',
    'gce://p',
    '__proto__://x',
    'constructor:///eu-west-1a/i-1',
    'aws:///__proto__/i-1',
    `aws:///${'eu-'.repeat(200_000)}1a`,
    `aws:///${'/'.repeat(1000)}`,
    42,
    null,
    {},
    ['aws:///eu-west-1a/i-1'],
  ]
  for (const providerID of ids) {
    t.equal(ask({ providerID }), undefined, String(providerID).slice(0, 40))
  }
})
