import t from 'tap'
import { locate } from '../../../core/location/locate.ts'
import { nodeFacts } from '../../../core/location/node-facts.ts'
import type { GeoDatabase } from '../../../core/location/types.ts'

/** Knows a place for every address: what a manual annotation has to win against. */
const LONDON: GeoDatabase = { ipVersion: 6, get: () => ({ country: { iso_code: 'GB' } }) }

/** A node that a provider and an address would locate too. */
const facts = (annotation: unknown) =>
  nodeFacts({
    metadata: {
      name: 'a',
      annotations: {
        'edge-net.io/location':
          typeof annotation === 'string' ? annotation : JSON.stringify(annotation),
      },
    },
    spec: { providerID: 'aws:///eu-west-1a/i-1' },
    status: { addresses: [{ type: 'ExternalIP', address: '81.2.69.142' }] },
  })

/** The labels without prefix. */
function labelsOf(annotation: unknown): Record<string, string> | string {
  const answer = locate(facts(annotation), { databases: [LONDON] })
  if ('unlocated' in answer) return answer.unlocated.message
  return Object.fromEntries(
    Object.entries(answer.labels).map(([key, value]) => [key.replace('edge-net.io/', ''), value]),
  )
}

t.test('manual annotation', async (t) => {
  const manual = { 'location-source': 'manual' }
  const paris = {
    continent: 'Europe',
    'country-iso': 'FR',
    'state-iso': 'IDF',
    city: 'Paris',
    lat: 'n48.850000',
    lon: 'e2.350000',
    subdivision: 'FR-IDF',
    'country-city': 'FR.Paris',
    'subdivision-city': 'FR-IDF.Paris',
    ...manual,
  }
  const cases: [annotation: unknown, labels: Record<string, string>][] = [
    [{ lat: 48.85, lon: 2.35, country: 'FR', state: 'IDF', city: 'Paris', continent: 'EU' }, paris],
    [{ lat: 48.85, lon: 2.35, country: 'France', state: 'FR-IDF', city: 'Paris' }, paris],
    [{ lat: 48.85, lon: 2.35, country: 'fr', state: 'fr/idf', city: ' Paris ' }, paris],
    [{ lat: 48.85, lon: 2.35, state: 'FR-IDF', city: 'Paris' }, paris],
    [
      { lat: 48.85, lon: 2.35, state: 'IDF', city: 'Paris' },
      { 'state-iso': 'IDF', city: 'Paris', lat: 'n48.850000', lon: 'e2.350000', ...manual },
    ],
    [{ country: 'United States' }, { continent: 'North_America', 'country-iso': 'US', ...manual }],
    [
      { lat: -90, lon: 180 },
      { lat: 's-90.000000', lon: 'e180.000000', ...manual },
    ],
    [
      { lat: 37.423, lon: -122.1639, country: 'US', state: 'CA', city: 'Stanford' },
      {
        continent: 'North_America',
        'country-iso': 'US',
        'state-iso': 'CA',
        city: 'Stanford',
        lat: 'n37.423000',
        lon: 'w-122.163900',
        subdivision: 'US-CA',
        'country-city': 'US.Stanford',
        'subdivision-city': 'US-CA.Stanford',
        ...manual,
      },
    ],
    [
      // A transcontinental country: the administrator's word counts.
      { country: 'RU', continent: 'Asia', city: 'Владивосток' },
      {
        continent: 'Asia',
        'country-iso': 'RU',
        city: 'Vladivostok',
        'country-city': 'RU.Vladivostok',
        ...manual,
      },
    ],
  ]
  for (const [annotation, labels] of cases) {
    t.same(labelsOf(annotation), labels, JSON.stringify(annotation))
  }
})

t.test('a manual annotation with a mistake is final and says what is wrong', async (t) => {
  const cases: [annotation: unknown, says: RegExp][] = [
    ['', /JSON object/],
    ['Paris', /JSON object/],
    ['null', /JSON object/],
    ['[1,2]', /JSON object/],
    ['{"lat":48.85,"lon":2.35', /JSON object/],
    ['['.repeat(2000), /JSON object/],
    [`{"city":"${'x'.repeat(100_000)}"}`, /longer than/],
    [{}, /give a country, or lat and lon/],
    [{ continent: 'EU' }, /give a country, or lat and lon/],
    [{ country: 'FR', latitude: 48.85 }, /unknown key "latitude"/],
    ['{"country":"FR","__proto__":{"lat":1}}', /unknown key "__proto__"/],
    ['{"country":"FR","constructor":1}', /unknown key "constructor"/],
    [{ country: 'XX' }, /country.*XX/],
    [{ country: 'Frankreich' }, /country.*Frankreich/],
    [{ country: '' }, /country must be a text/],
    [{ country: 33 }, /country must be a text/],
    [{ country: 'FR', continent: 'Atlantis' }, /continent.*Atlantis/],
    [{ country: 'FR', state: 'DE-BE' }, /state.*DE-BE.*FR/],
    [{ country: 'FR', state: 'Île-de-France' }, /state/],
    [{ lat: 1, lon: 1, state: 'XX-IDF' }, /state.*XX/],
    [{ city: 'Paris', state: 'IDF' }, /give a country, or lat and lon/],
    [{ country: 'FR', city: '???' }, /city/],
    [{ lat: 48.85 }, /lat and lon go together/],
    [{ country: 'FR', lon: 2.35 }, /lat and lon go together/],
    [{ lat: '48.85', lon: 2.35 }, /lat must be a number/],
    [{ lat: 90.1, lon: 2.35 }, /lat must be a number/],
    [{ lat: 48.85, lon: -181 }, /lon must be a number/],
    ['{"lat":1e999,"lon":2}', /lat must be a number/],
    ['{"lat":null,"lon":2}', /lat must be a number/],
    [`{"lat":${'9'.repeat(300)},"lon":2}`, /lat must be a number/],
  ]
  for (const [manual, says] of cases) {
    const name = JSON.stringify(manual).slice(0, 60)
    const answer = locate(facts(manual), { databases: [LONDON] })
    if (!('unlocated' in answer)) throw new Error(name)
    t.equal(answer.unlocated.reason, 'ManualLocationInvalid', name)
    t.match(answer.unlocated.message, says, name)
    t.match(answer.unlocated.message, /^annotation edge-net\.io\/location: /, name)
    t.ok(answer.unlocated.message.length < 400, name)
  }
})
