import fc from 'fast-check'
import t from 'tap'
import { type NodeFacts, nodeFacts } from '../../../core/location/node-facts.ts'
import { conditionPatch, labelPatch, metadataPatch } from '../../../core/location/patch.ts'
import { settle } from '../../../core/location/settle.ts'
import type { GeoDatabase } from '../../../core/location/types.ts'

const ADDRESS = '81.2.69.142'

/** A database that knows one place for every address. */
const at = (lat: number, lon: number, extra: object = {}): GeoDatabase => ({
  ipVersion: 6,
  get: () => ({
    country: { iso_code: 'GB' },
    location: { latitude: lat, longitude: lon, accuracy_radius: 20 },
    ...extra,
  }),
})
const KNOWS_NOTHING: GeoDatabase = { ipVersion: 6, get: () => null }
const BROKEN: GeoDatabase = {
  ipVersion: 6,
  get: () => {
    throw new Error('damaged')
  },
}

interface NodeObject {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly labels?: Record<string, string>
    readonly annotations?: Record<string, string>
  }
  readonly status: { readonly addresses: object[]; readonly conditions?: object[] }
}

const node = (
  addresses: string[] = [ADDRESS],
  annotations: Record<string, string> = {},
): NodeObject => ({
  metadata: { name: 'a', uid: 'u', annotations },
  status: { addresses: addresses.map((address) => ({ type: 'ExternalIP', address })) },
})

/** RFC 7386, the part that the locator uses. */
function merged(
  current: Record<string, string> = {},
  changes: object = {},
): Record<string, string> {
  const all = Object.entries({ ...current, ...changes })
  return Object.fromEntries(all.filter(([, value]) => value !== null))
}

/** The node as it is after the locator has written what `settle` says. */
function written(object: NodeObject, ...databases: GeoDatabase[]): NodeObject {
  const facts = nodeFacts(object)
  const settled = settle(facts, { databases })
  const patch = (metadataPatch(facts, settled) ?? {}) as { metadata?: NodeObject['metadata'] }
  const status = conditionPatch(facts, settled.condition, '2026-11-24T00:00:00Z') as
    | { status: { conditions: object[] } }
    | undefined
  return {
    metadata: {
      ...object.metadata,
      labels: merged(object.metadata.labels, patch.metadata?.labels),
      annotations: merged(object.metadata.annotations, patch.metadata?.annotations),
    },
    status: { ...object.status, ...status?.status },
  }
}

const lat = (object: NodeObject) => object.metadata.labels?.['edge-net.io/lat']
const source = (object: NodeObject) => object.metadata.labels?.['edge-net.io/location-source']
const condition = (object: NodeObject) => nodeFacts(object).condition

t.test('a settled node is written once', async (t) => {
  const objects: [name: string, object: NodeObject, ...databases: GeoDatabase[]][] = [
    ['by address', node(), at(51.5, 0)],
    [
      'by address without coordinates',
      node(),
      { ipVersion: 4, get: () => ({ country_code: 'GB' }) },
    ],
    ['no address', node([])],
    ['no database', node()],
    ['unknown address', node(), KNOWS_NOTHING],
    ['manual', node([], { 'edge-net.io/location': '{"country":"FR","lat":1,"lon":2}' })],
    ['manual mistake', node([], { 'edge-net.io/location': '{' })],
  ]
  for (const [name, object, ...databases] of objects) {
    const once = written(object, ...databases)
    t.ok(condition(once), name)
    const facts = nodeFacts(once)
    const settled = settle(facts, { databases })
    t.equal(metadataPatch(facts, settled), undefined, name)
    t.equal(conditionPatch(facts, settled.condition, 'later'), undefined, name)
    t.equal(settled.failure, undefined, name)
  }
})

t.test('a place found by address is sticky', async (t) => {
  const first = written(node(), at(51.5, 0))
  t.equal(lat(first), 'n51.500000')
  // 20 km of latitude are 0.18 degrees.
  t.equal(lat(written(first, at(51.6, 0))), 'n51.500000', 'within its radius')
  t.equal(lat(written(first, at(51.6, 0, { city: { geoname_id: 5 } }))), 'n51.500000')
  t.equal(lat(written(first, at(51.7, 0))), 'n51.700000', 'out of its radius')
  t.equal(lat(written(first, { ipVersion: 4, get: () => ({ country_code: 'GB' }) })), 'n51.500000')
  t.equal(
    lat(written(first, { ipVersion: 4, get: () => ({ country_code: 'FR' }) })),
    undefined,
    'another country without coordinates',
  )
  const vague = written(node(), { ipVersion: 4, get: () => ({ country_code: 'GB' }) })
  t.equal(lat(vague), undefined)
  t.equal(lat(written(vague, at(51.6, 0))), 'n51.600000', 'coordinates where there were none')

  const elsewhere = { ...first, status: node(['89.160.20.112']).status }
  t.equal(lat(written(elsewhere, at(51.6, 0))), 'n51.600000', 'another address')

  for (const [key, value] of [
    ['edge-net.io/lat', 'n51.550000'],
    ['edge-net.io/city', 'Paris'],
    ['edge-net.io/country-iso', 'FR'],
    ['edge-net.io/accuracy-km', '20000'],
  ] as const) {
    const labels = { ...first.metadata.labels, [key]: value }
    const forged = { ...first, metadata: { ...first.metadata, labels } }
    t.same(written(forged, at(51.5, 0)).metadata.labels, first.metadata.labels, `changed ${key}`)
  }
  const bare = { ...first, metadata: { ...first.metadata, labels: {} } }
  t.same(written(bare, at(51.5, 0)).metadata.labels, first.metadata.labels, 'labels removed')

  // A tenth of a degree of latitude is 11.1 km; without a stated radius 50 km count.
  const flat = (latitude: number): GeoDatabase => ({
    ipVersion: 4,
    get: () => ({ country_code: 'GB', latitude, longitude: 1 }),
  })
  const plain = written(node(), flat(51))
  t.equal(lat(written(plain, flat(51.4))), 'n51.000000')
  t.equal(lat(written(plain, flat(51.5))), 'n51.500000')
})

t.test('a place found by address outlives the database', async (t) => {
  const first = written(node(), at(51.5, 0))
  t.same(written(first), first, 'no database')
  t.same(written(first, KNOWS_NOTHING), first, 'a database that has forgotten the address')
  t.same(written(first, BROKEN), first, 'a database that fails')
  t.match(settle(nodeFacts(first), { databases: [BROKEN] }).failure, /damaged/)

  const elsewhere = {
    ...first,
    status: { ...first.status, addresses: node(['89.160.20.112']).status.addresses },
  }
  const waiting = written(elsewhere)
  t.equal(lat(waiting), 'n51.500000', 'the new address cannot be looked up yet')
  t.match(
    condition(waiting)?.message,
    /from IP address 81\.2\.69\.142.*no IP database.*89\.160\.20\.112/,
  )
  t.equal(lat(written(elsewhere, KNOWS_NOTHING)), undefined, 'nobody knows the new address')
  t.match(condition(written(elsewhere, KNOWS_NOTHING)), {
    status: 'False',
    reason: 'AddressUnknown',
  })

  const private_ = { ...first, status: node(['10.0.0.1']).status }
  t.equal(lat(written(private_, at(51.5, 0))), undefined, 'no public address any more')
  t.same(nodeFacts(written(private_, at(51.5, 0))).provenance, undefined)

  const failing = written(node(), BROKEN)
  t.match(condition(failing), { status: 'False', reason: 'LookupFailed', message: /damaged/ })
})

t.test('a manual place wins at once and leaves at once', async (t) => {
  const first = written(node(), at(51.5, 0))
  const annotate = (object: NodeObject, text: string | undefined): NodeObject => {
    const { 'edge-net.io/location': _, ...rest } = object.metadata.annotations ?? {}
    const annotations = text === undefined ? rest : { ...rest, 'edge-net.io/location': text }
    return { ...object, metadata: { ...object.metadata, annotations } }
  }
  const manual = written(annotate(first, '{"country":"FR","city":"Paris"}'), at(51.5, 0))
  t.same(manual.metadata.labels, {
    'edge-net.io/continent': 'Europe',
    'edge-net.io/country-iso': 'FR',
    'edge-net.io/city': 'Paris',
    'edge-net.io/country-city': 'FR.Paris',
    'edge-net.io/location-source': 'manual',
  })
  t.same(condition(manual), {
    status: 'True',
    reason: 'ManualLocation',
    message: 'Paris, FR; from annotation edge-net.io/location',
    lastTransitionTime: '2026-11-24T00:00:00Z',
  })
  t.same(
    written(annotate(manual, undefined), at(51.5, 0)),
    first,
    'the automatic answer comes back',
  )

  const broken = written(annotate(first, '{"country":"Frankreich"}'), at(51.5, 0))
  t.same(broken.metadata.labels, {})
  t.match(condition(broken), { status: 'False', reason: 'ManualLocationInvalid' })

  const dropped = written(annotate(manual, undefined))
  t.equal(source(dropped), undefined, 'nothing but the annotation knew the place')
  t.match(condition(dropped), { status: 'False', reason: 'NoDatabase' })
})

t.test('labels of unknown origin are replaced or removed', async (t) => {
  const labels = {
    'edge-net.io/country-iso': 'RU',
    'edge-net.io/city': 'Moscow',
    'edge-net.io/pool': 'a',
  }
  const object = { ...node(), metadata: { ...node().metadata, labels } }
  t.same(written(object).metadata.labels, { 'edge-net.io/pool': 'a' })
  t.match(written(object, at(51.5, 0)).metadata.labels, { 'edge-net.io/country-iso': 'GB' })
  t.equal(written(object, at(51.5, 0)).metadata.labels?.['edge-net.io/city'], undefined)
  const forged = { ...labels, 'edge-net.io/location-source': 'ip' }
  t.same(written({ ...object, metadata: { ...object.metadata, labels: forged } }).metadata.labels, {
    'edge-net.io/pool': 'a',
  })
})

t.test('patches', async (t) => {
  const text = fc.constantFrom('a', 'b', 'c')
  const labels = fc.dictionary(fc.constantFrom('k1', 'k2', 'k3', 'k4'), text, {
    noNullPrototype: true,
  })
  fc.assert(
    fc.property(labels, labels, (current, wanted) => {
      const patch = labelPatch(current, wanted)
      t.strictSame(merged(current, patch), wanted)
      if (patch === undefined) return
      for (const [key, value] of Object.entries(patch)) t.not(current[key], value)
    }),
  )

  const facts: NodeFacts = {
    ...nodeFacts(node()),
    condition: { status: 'True', reason: 'A', message: 'x', lastTransitionTime: 'then' },
  }
  const patch = (status: string, reason: string, message: string) =>
    conditionPatch(facts, { status, reason, message }, 'now')
  t.equal(patch('True', 'A', 'x'), undefined)
  t.same(patch('True', 'A', 'y'), {
    metadata: { uid: 'u' },
    status: {
      conditions: [
        {
          type: 'EdgeNetLocated',
          status: 'True',
          reason: 'A',
          message: 'y',
          lastTransitionTime: 'then',
          lastHeartbeatTime: 'now',
        },
      ],
    },
  })
  t.match(patch('False', 'B', 'x'), { status: { conditions: [{ lastTransitionTime: 'now' }] } })
  t.match(metadataPatch(nodeFacts(node()), settle(nodeFacts(node()), { databases: [at(1, 1)] })), {
    metadata: { uid: 'u' },
  })
})
