import { readFileSync } from 'node:fs'
import { Reader, type Response } from 'maxmind'
import t from 'tap'
import { parseCoordinateLabel } from '../../../core/location/label-value.ts'
import { locate } from '../../../core/location/locate.ts'
import { nodeFacts } from '../../../core/location/node-facts.ts'
import type { GeoDatabase } from '../../../core/location/types.ts'
import { type Value, writeDatabase } from './mmdb-writer.ts'

const file = (name: string) => readFileSync(new URL(`../../data/mmdb/${name}`, import.meta.url))

function open(buffer: Buffer): GeoDatabase {
  const reader = new Reader<Response>(buffer)
  return { ipVersion: reader.metadata.ipVersion === 4 ? 4 : 6, get: (text) => reader.get(text) }
}

const CITY = open(file('GeoLite2-City-Test.mmdb'))
const CITY2 = open(file('GeoIP2-City-Test.mmdb'))
const COUNTRY = open(file('GeoLite2-Country-Test.mmdb'))

const flat = (ipVersion: 4 | 6, networks: Record<string, Value>): GeoDatabase =>
  open(writeDatabase({ ipVersion, type: 'flat', builtAt: new Date(), networks }))

interface Node {
  readonly manual?: unknown
  readonly address?: string
  readonly providerID?: string
}

const facts = ({ manual, address, providerID }: Node) =>
  nodeFacts({
    metadata: {
      name: 'a',
      ...(manual !== undefined && {
        annotations: {
          'edge-net.io/location': typeof manual === 'string' ? manual : JSON.stringify(manual),
        },
      }),
    },
    spec: { providerID },
    status: { addresses: address === undefined ? [] : [{ type: 'ExternalIP', address }] },
  })

/** The labels without prefix, or the reason why there are none. */
function ask(node: Node, ...databases: GeoDatabase[]): Record<string, string> | string {
  const answer = locate(facts(node), { databases })
  if ('unlocated' in answer) return answer.unlocated.reason
  return Object.fromEntries(
    Object.entries(answer.labels).map(([key, value]) => [key.replace('edge-net.io/', ''), value]),
  )
}

const LONDON = {
  continent: 'Europe',
  'country-iso': 'GB',
  'state-iso': 'ENG',
  city: 'London',
  lat: 'n51.514200',
  lon: 'w-0.093100',
  subdivision: 'GB-ENG',
  'country-city': 'GB.London',
  'subdivision-city': 'GB-ENG.London',
  'location-source': 'ip',
  'accuracy-km': '10',
}

t.test('addresses through the test databases', async (t) => {
  const cases: [address: string, database: GeoDatabase, labels: Record<string, string> | string][] =
    [
      ['81.2.69.142', CITY, LONDON],
      ['81.2.69.142', CITY2, LONDON],
      [
        '81.2.69.142',
        COUNTRY,
        { continent: 'Europe', 'country-iso': 'GB', 'location-source': 'ip' },
      ],
      [
        '2.125.160.216',
        CITY,
        {
          continent: 'Europe',
          'country-iso': 'GB',
          // The first level only: England, not West Berkshire.
          'state-iso': 'ENG',
          city: 'Boxford',
          lat: 'n51.750000',
          lon: 'w-1.250000',
          subdivision: 'GB-ENG',
          'country-city': 'GB.Boxford',
          'subdivision-city': 'GB-ENG.Boxford',
          'location-source': 'ip',
          'accuracy-km': '100',
        },
      ],
      [
        '89.160.20.112',
        CITY,
        {
          continent: 'Europe',
          'country-iso': 'SE',
          'state-iso': 'E',
          city: 'Linkoping',
          lat: 'n58.416700',
          lon: 'e15.616700',
          subdivision: 'SE-E',
          'country-city': 'SE.Linkoping',
          'subdivision-city': 'SE-E.Linkoping',
          'location-source': 'ip',
          'accuracy-km': '76',
        },
      ],
      [
        '216.160.83.56',
        CITY,
        {
          continent: 'North_America',
          'country-iso': 'US',
          'state-iso': 'WA',
          city: 'Milton',
          lat: 'n47.251300',
          lon: 'w-122.314900',
          subdivision: 'US-WA',
          'country-city': 'US.Milton',
          'subdivision-city': 'US-WA.Milton',
          'location-source': 'ip',
          'accuracy-km': '22',
        },
      ],
      [
        '175.16.199.1',
        CITY,
        {
          continent: 'Asia',
          'country-iso': 'CN',
          'state-iso': '22',
          city: 'Changchun',
          lat: 'n43.880000',
          lon: 'e125.322800',
          subdivision: 'CN-22',
          'country-city': 'CN.Changchun',
          'subdivision-city': 'CN-22.Changchun',
          'location-source': 'ip',
          'accuracy-km': '100',
        },
      ],
      [
        '67.43.156.1',
        CITY,
        {
          continent: 'Asia',
          'country-iso': 'BT',
          lat: 'n27.500000',
          lon: 'e90.500000',
          'location-source': 'ip',
          'accuracy-km': '534',
        },
      ],
      [
        '2001:218::1',
        CITY,
        {
          continent: 'Asia',
          'country-iso': 'JP',
          lat: 'n35.685360',
          lon: 'e139.753090',
          'location-source': 'ip',
          'accuracy-km': '100',
        },
      ],
      [
        // "Europe" and nothing more: the database knows no country.
        '2a02:d500::1',
        CITY,
        {
          continent: 'Europe',
          lat: 'n48.690960',
          lon: 'e9.140620',
          'location-source': 'ip',
          'accuracy-km': '100',
        },
      ],
      ['8.8.4.4', CITY, 'AddressUnknown'],
      ['10.0.0.1', CITY, 'NoPublicAddress'],
      ['192.168.1.1', CITY, 'NoPublicAddress'],
      ['100.64.3.2', CITY, 'NoPublicAddress'],
    ]
  for (const [address, database, labels] of cases)
    t.same(ask({ address }, database), labels, address)
  t.equal(ask({ address: '81.2.69.142' }), 'NoDatabase')
  t.equal(ask({}, CITY), 'NoPublicAddress')
})

t.test('every network of the test database', async (t) => {
  const networks: Record<string, Record<string, unknown>>[] = JSON.parse(
    file('GeoLite2-City-Test.json').toString(),
  )
  t.equal(networks.length, 242)
  for (const entry of networks) {
    for (const [network, record] of Object.entries(entry)) {
      const address = network.split('/')[0] ?? ''
      const labels = ask({ address: address.endsWith('::') ? `${address}1` : address }, CITY)
      if (typeof labels === 'string') throw new Error(`${network}: ${labels}`)
      const get = (...path: (string | number)[]) =>
        path.reduce<unknown>(
          (at, key) => (at as Record<string, unknown> | undefined)?.[key],
          record,
        )
      t.equal(labels['country-iso'], get('country', 'iso_code'), network)
      t.equal(labels['state-iso'], get('subdivisions', 0, 'iso_code'), network)
      t.equal(parseCoordinateLabel(labels['lat'] ?? ''), get('location', 'latitude'), network)
      t.equal(parseCoordinateLabel(labels['lon'] ?? ''), get('location', 'longitude'), network)
      t.equal(labels['accuracy-km'], String(get('location', 'accuracy_radius')), network)
      t.equal('city' in labels, get('city') !== undefined, network)
    }
  }
})

t.test('the flat shape, IPv4 and IPv6', async (t) => {
  const v4 = flat(4, {
    '81.2.69.0/24': {
      country_code: 'BR',
      state1: 'São Paulo',
      city: 'São Paulo',
      latitude: -23.5475,
      longitude: -46.6361,
      timezone: 'America/Sao_Paulo',
    },
    '89.160.0.0/16': { country_code: 'SE', city: '', latitude: 0, longitude: 0 },
    '90.0.0.0/8': { country_code: '', city: '', latitude: 0, longitude: 0 },
    // The neighbour on whom an IPv6 question would fall.
    '32.0.0.0/4': { country_code: 'US', latitude: 37.751, longitude: -97.822 },
  })
  const v6 = flat(6, {
    '2001:218::/32': { country_code: 'JP', city: 'Tokyo', latitude: 35.69, longitude: 139.69 },
  })
  const saoPaulo = {
    continent: 'South_America',
    'country-iso': 'BR',
    city: 'Sao_Paulo',
    lat: 's-23.547500',
    lon: 'w-46.636100',
    'country-city': 'BR.Sao_Paulo',
    'location-source': 'ip',
  }
  t.same(ask({ address: '81.2.69.142' }, v4), saoPaulo)
  t.same(ask({ address: '89.160.20.112' }, v4), {
    continent: 'Europe',
    'country-iso': 'SE',
    'location-source': 'ip',
  })
  t.equal(ask({ address: '90.1.1.1' }, v4), 'AddressUnknown')
  t.ok(v4.get('2001:218::1'), 'the reader itself would answer from the IPv4 tree')
  t.equal(ask({ address: '2001:218::1' }, v4), 'AddressUnknown')
  t.match(ask({ address: '2001:218::1' }, v4, v6), { 'country-iso': 'JP', city: 'Tokyo' })
  t.match(ask({ address: '81.2.69.142' }, v6, v4), { 'country-iso': 'BR' })
})

t.test('city names', async (t) => {
  const named = (name: Value | undefined, geonameId?: number) => {
    const city = {
      ...(name !== undefined && { names: name }),
      ...(geonameId !== undefined && { geoname_id: geonameId }),
    }
    const database = flat(4, {
      '81.2.69.0/24': { city, country: { iso_code: 'JP' }, continent: { code: 'AS' } },
    })
    const labels = ask({ address: '81.2.69.142' }, database)
    return typeof labels === 'string' ? labels : [labels['city'], labels['country-city']]
  }
  t.same(named({ en: 'Tokyo', ja: '東京' }, 1850147), ['Tokyo', 'JP.Tokyo'])
  t.same(named({ ja: '東京' }, 1850147), ['1850147', 'JP.1850147'])
  t.same(named({ en: '!!!' }, 1850147), ['1850147', 'JP.1850147'])
  t.same(named(undefined, 1850147), ['1850147', 'JP.1850147'])
  t.same(named({ ja: '東京' }), [undefined, undefined])
  t.same(named({ en: 42 }, 0), [undefined, undefined])
  const long = named({ en: 'Llanfair'.repeat(20) })
  for (const value of long) t.match(value, /^[A-Za-z0-9][A-Za-z0-9_.-]{0,61}[A-Za-z0-9]$/)
})

t.test('records of wrong types and forms', async (t) => {
  const place = (record: Value) =>
    ask({ address: '81.2.69.142' }, flat(4, { '81.2.69.0/24': record }))
  for (const record of [
    'GB',
    42,
    true,
    [],
    {},
    { country: 'GB' },
    { country: { iso_code: 'gb' } },
    { country: { iso_code: 'GBR' } },
    { country: { iso_code: 7 } },
    { location: { latitude: 91, longitude: 0.5 } },
    { location: { latitude: 51.5 } },
    { location: { latitude: '51.5', longitude: '0.1' } },
    { location: { latitude: 0, longitude: 0 } },
    { country_code: 'G' },
    { autonomous_system_number: 1 },
  ] satisfies Value[]) {
    t.equal(place(record), 'AddressUnknown', JSON.stringify(record))
  }
  t.same(
    place({
      country: { iso_code: 'GB' },
      continent: { code: 'XX' },
      subdivisions: { iso_code: 'ENG' },
      location: { latitude: 51.5, longitude: 181.5, accuracy_radius: 0 },
      city: { names: 'London', geoname_id: 1.5 },
    }),
    { continent: 'Europe', 'country-iso': 'GB', 'location-source': 'ip' },
  )
  const broken: GeoDatabase = {
    ipVersion: 6,
    get: () => {
      throw new RangeError('offset out of range')
    },
  }
  t.equal(ask({ address: '81.2.69.142' }, broken), 'LookupFailed')
})

t.test('the best source wins', async (t) => {
  const address = '81.2.69.142'
  const providerID = 'aws:///us-west-2-lax-1a/i-1'
  const city = (node: Node) => {
    const labels = ask(node, CITY)
    return typeof labels === 'string' ? labels : `${labels['location-source']} ${labels['city']}`
  }
  t.equal(city({ manual: { country: 'FR', city: 'Paris' }, providerID, address }), 'manual Paris')
  t.equal(city({ providerID, address }), 'provider Los_Angeles')
  t.equal(city({ address }), 'ip London')
  t.equal(city({ providerID: 'kwok://a', address }), 'ip London')
})

t.test('nodes of any shape are read without harm', async (t) => {
  const objects: unknown[] = [
    undefined,
    null,
    42,
    'node',
    [],
    {},
    { metadata: null, spec: 7, status: [] },
    {
      metadata: { name: 7, labels: [], annotations: 'x' },
      status: { addresses: {}, conditions: 1 },
    },
    {
      status: { addresses: [null, 7, { type: 'ExternalIP' }, { type: 'ExternalIP', address: {} }] },
    },
    {
      status: {
        conditions: [null, { type: 'EdgeNetLocated', status: 1, reason: [], message: {} }],
      },
    },
    JSON.parse(
      '{"metadata":{"labels":{"__proto__":{"edge-net.io/lat":"n1"}}},"__proto__":{"spec":1}}',
    ),
  ]
  for (const object of objects) {
    t.equal(
      typeof locate(nodeFacts(object), { databases: [CITY] }),
      'object',
      JSON.stringify(object),
    )
  }
  const odd = nodeFacts({
    metadata: { annotations: { 'edge-net.io/location': { country: 'FR' } } },
  })
  t.match(locate(odd, { databases: [] }), { unlocated: { reason: 'ManualLocationInvalid' } })
})
