import { countries, getCountryData, type TCountryCode } from 'countries-list'
import fc from 'fast-check'
import t from 'tap'
import { compileCircle } from '../../../core/geo/compile.ts'
import { continentLabel, findContinent, suggestContinent } from '../../../core/geo/continents.ts'
import {
  countryLabel,
  findCountry,
  isSubdivisionCode,
  suggestCountry,
} from '../../../core/geo/countries.ts'
import { MORE_NAMES } from '../../../core/geo/country-names.ts'
import { distanceKm } from '../../../core/geo/distance.ts'
import { nameKey } from '../../../core/geo/name-key.ts'
import { editDistance, nearest } from '../../../core/nearest.ts'

t.test('every country by its code and names, and no name means two', async (t) => {
  const meaning = new Map<string, string>()
  for (const iso of Object.keys(countries) as TCountryCode[]) {
    const { name, alias = [], iso3 } = getCountryData(iso)
    const found = findCountry(iso.toLowerCase())
    t.same(found, { iso, name, continent: found?.continent }, iso)
    t.equal(suggestCountry(iso3.toLowerCase()), `${name} (${iso})`, iso3)
    for (const each of [name, ...alias, ...(MORE_NAMES[iso] ?? [])]) {
      const before = meaning.get(nameKey(each))
      if (before !== undefined) t.equal(before, iso, `${each} means one country`)
      meaning.set(nameKey(each), iso)
      t.equal(findCountry(each)?.iso, iso, each)
      t.equal(findCountry(each.toUpperCase())?.iso, iso, `${each} in capitals`)
    }
  }
  t.equal(Object.keys(countries).length, 252, '249 of ISO 3166-1, XK, and two reserved codes')
  t.same(
    Object.keys(MORE_NAMES).filter((iso) => !Object.hasOwn(countries, iso)),
    [],
  )
})

t.test('names as people and lists write them', async (t) => {
  const table: Record<string, string> = {
    fr: 'FR',
    ' DE ': 'DE',
    UK: 'GB',
    'United Kingdom': 'GB',
    'Great Britain': 'GB',
    Britain: 'GB',
    USA: 'US',
    'U.S.A.': 'US',
    'united states': 'US',
    'United States of America (the)': 'US',
    America: 'US',
    'South Korea': 'KR',
    'Korea, Republic of': 'KR',
    'Korea (the Republic of)': 'KR',
    'North Korea': 'KP',
    "Korea (the Democratic People's Republic of)": 'KP',
    Russia: 'RU',
    'Russian Federation (the)': 'RU',
    'Czech Republic': 'CZ',
    czechia: 'CZ',
    'Ivory Coast': 'CI',
    "Côte d'Ivoire": 'CI',
    'COTE D’IVOIRE': 'CI',
    Türkiye: 'TR',
    Turkey: 'TR',
    Turkiye: 'TR',
    'Viet Nam': 'VN',
    Vietnam: 'VN',
    Kosovo: 'XK',
    xk: 'XK',
    Taiwan: 'TW',
    'Taiwan, Province of China': 'TW',
    'Hong Kong': 'HK',
    Macau: 'MO',
    Palestine: 'PS',
    'Palestine, State of': 'PS',
    'Trinidad & Tobago': 'TT',
    'St. Lucia': 'LC',
    'Bosnia & Herzegovina': 'BA',
    'Timor-Leste': 'TL',
    'Cabo Verde': 'CV',
    'Cape Verde': 'CV',
    Swaziland: 'SZ',
    Burma: 'MM',
    Holland: 'NL',
    'Netherlands (Kingdom of the)': 'NL',
    'Congo (the Democratic Republic of the)': 'CD',
    'DR Congo': 'CD',
    'Iran (Islamic Republic of)': 'IR',
    'Tanzania, the United Republic of': 'TZ',
    'Moldova (the Republic of)': 'MD',
    'Virgin Islands (British)': 'VG',
    'Virgin Islands (U.S.)': 'VI',
    Curaçao: 'CW',
    'Åland Islands': 'AX',
    Réunion: 'RE',
    'Saint Barthélemy': 'BL',
    'Sao Tome & Principe': 'ST',
    'São Tomé and Príncipe': 'ST',
    'Bolivia, Plurinational State of': 'BO',
    'Venezuela, Bolivarian Republic of': 'VE',
    'Holy See': 'VA',
    'Guinea Bissau': 'GW',
    Guinea: 'GN',
    Niger: 'NE',
    Nigeria: 'NG',
    Dominica: 'DM',
    'Dominican Republic': 'DO',
  }
  for (const [text, iso] of Object.entries(table)) t.equal(findCountry(text)?.iso, iso, text)
  t.same(findCountry('France'), { iso: 'FR', name: 'France', continent: 'EU' })
  t.equal(findCountry('RU')?.continent, 'EU', 'as UN M49 and the IP databases have it')
  t.equal(findCountry('TR')?.continent, 'AS')
  const none = [
    '',
    ' ',
    '!',
    'Frnace',
    'FRA',
    'XX',
    'Korea',
    'Congo',
    'EU',
    '__proto__',
    'constructor',
    'toString',
    'of the',
    '\ud800',
    'x'.repeat(1e6),
  ]
  for (const text of none) t.equal(findCountry(text), undefined, JSON.stringify(text.slice(0, 20)))
  t.equal(countryLabel('FR'), 'France (FR)')
  t.equal(countryLabel('QQ'), 'QQ')
})

t.test('what was probably meant', async (t) => {
  const meant: Record<string, string | undefined> = {
    Frnace: 'France (FR)',
    FRA: 'France (FR)',
    usa: 'United States (US)',
    Germny: 'Germany (DE)',
    Deutschland: 'Germany (DE)',
    España: 'Spain (ES)',
    Swizerland: 'Switzerland (CH)',
    'Untied States': 'United States (US)',
    Korea: 'South Korea (KR) or North Korea (KP)',
    England: 'United Kingdom (GB)',
    EL: 'Greece (GR)',
    Congo: 'Democratic Republic of the Congo (CD) or Republic of the Congo (CG)',
    XX: undefined,
    UX: undefined,
    EU: undefined,
    '': undefined,
    zzzzzz: undefined,
    __proto__: undefined,
  }
  for (const [text, expected] of Object.entries(meant))
    t.equal(suggestCountry(text), expected, text)
  t.equal(suggestCountry('x'.repeat(1e6)), undefined)
  const continents: Record<string, string | undefined> = {
    Europ: 'Europe (EU)',
    northamerica: 'North America (NA)',
    America: 'North America (NA) or South America (SA)',
    Australia: 'Oceania (OC)',
    Atlantis: undefined,
    '': undefined,
    XX: undefined,
  }
  for (const [text, expected] of Object.entries(continents))
    t.equal(suggestContinent(text), expected, text)
})

t.test('continents', async (t) => {
  const northAmerica = { code: 'NA', label: 'North_America' }
  for (const text of [
    'NA',
    'na',
    'North America',
    'north_america',
    'NORTH-AMERICA',
    ' North  America ',
  ]) {
    t.same(findContinent(text), northAmerica, text)
  }
  const labels = {
    AF: 'Africa',
    AN: 'Antarctica',
    AS: 'Asia',
    EU: 'Europe',
    OC: 'Oceania',
    SA: 'South_America',
  } as const
  for (const [code, label] of Object.entries(labels)) {
    t.same(findContinent(code), { code, label })
    t.same(findContinent(label), { code, label })
    t.equal(continentLabel(code as keyof typeof labels), label)
  }
  for (const text of ['', 'XX', 'Europ', '__proto__', 'America', 'x'.repeat(1e6)]) {
    t.equal(findContinent(text), undefined, text.slice(0, 20))
  }
})

t.test('form of ISO 3166-2 codes', async (t) => {
  for (const text of ['US-CA', 'FR-75C', 'GB-ENG', 'AT-9']) t.ok(isSubdivisionCode(text), text)
  for (const text of [
    'us-ca',
    'US',
    'US-',
    'US-CALI',
    'USA-CA',
    'US/CA',
    ' US-CA',
    'US-CA\n',
    'US-É',
  ]) {
    t.notOk(isSubdivisionCode(text), JSON.stringify(text))
  }
})

t.test('nearest and its distance', async (t) => {
  const distances: [string, string, number][] = [
    ['', '', 0],
    ['abc', 'abc', 0],
    ['abc', 'acb', 1],
    ['abc', 'ab', 1],
    ['abc', 'xabc', 1],
    ['abc', 'axc', 1],
    ['kitten', 'sitting', 3],
    ['ca', 'abc', 3],
    ['spred', 'spread', 1],
  ]
  for (const [a, b, expected] of distances) {
    t.equal(editDistance(a, b, 9), expected, `${a} ${b}`)
    t.equal(editDistance(b, a, 9), expected, `${b} ${a}`)
  }
  t.ok(editDistance('kitten', 'sitting', 2) > 2, 'stops at the limit')
  t.equal(nearest('polygon', ['MultiPolygon', 'Polygon']), 'Polygon', 'case does not count')
  t.equal(nearest('citty', ['country', 'city']), 'city')
  t.equal(nearest('x', ['country', 'city']), undefined)
  t.equal(nearest('', ['a']), undefined)
  t.equal(nearest('ab', ['ac', 'ad']), 'ac', 'ties go to the first')
  t.equal(nearest('a'.repeat(65), ['a'.repeat(65)]), undefined, 'long texts are not compared')
  fc.assert(
    fc.property(
      fc.string({ maxLength: 8 }),
      fc.string({ maxLength: 8 }),
      fc.nat(4),
      (a, b, limit) => {
        const exact = editDistance(a, b, 20)
        const bounded = editDistance(a, b, limit)
        return (
          exact === editDistance(b, a, 20) && (exact > limit ? bounded > limit : bounded === exact)
        )
      },
    ),
  )
})

t.test('distances and circles', async (t) => {
  const at = (lat: number, lon: number) => ({ lat, lon })
  const cases: [string, number, number][] = [
    ['Paris to London', distanceKm(at(48.8566, 2.3522), at(51.5074, -0.1278)), 343.6],
    ['over the antimeridian', distanceKm(at(0, 179.5), at(0, -179.5)), 111.195],
    ['pole to pole', distanceKm(at(90, 7), at(-90, 99)), 20015.1],
    [
      'antipodes whose haversine rounds above 1',
      distanceKm(at(71.98, 94), at(-71.98, -86)),
      20015.1,
    ],
    ['antipodes', distanceKm(at(12, 30), at(-12, -150)), 20015.1],
    ['nowhere', distanceKm(at(5, 5), at(5, 5)), 0],
  ]
  for (const [name, actual, expected] of cases)
    t.ok(Math.abs(actual - expected) < 0.1, `${name}: ${actual}`)
  fc.assert(
    fc.property(
      fc.double({ min: -90, max: 90, noNaN: true }),
      fc.double({ min: -180, max: 180, noNaN: true }),
      (lat, lon) => Math.abs(distanceKm(at(lat, lon), at(-lat, lon + 180)) - 20015.1) < 0.1,
    ),
    { numRuns: 2000 },
  )
  const paris = compileCircle(48.8566, 2.3522, 343)
  t.ok(
    paris.contains(48.8566, 2.3522) && paris.contains(50, 2.3522) && paris.contains(50, 362.3522),
  )
  t.notOk(paris.contains(51.5074, -0.1278), 'London is 600 m too far')
  t.ok(Math.abs(paris.distanceKm(51.5074, -0.1278) - 0.56) < 0.1)
  t.equal(paris.distanceKm(48, 2), 0)
  t.ok(compileCircle(-17, 179.9, 50).contains(-17, -179.9), 'over the antimeridian')
  t.ok(compileCircle(89, 0, 200).contains(89.5, 180), 'over the pole')
  t.ok(compileCircle(10, 10, 0).contains(10, 10), 'radius 0 is a point')
  for (const odd of [Number.NaN, Number.POSITIVE_INFINITY, 91]) t.notOk(paris.contains(odd, 0))
  t.notOk(paris.contains(48.8566, Number.NaN))
  for (const [lat, lon, km] of [
    [91, 0, 1],
    [0, Number.NaN, 1],
    [0, 0, -1],
    [0, 0, Number.NaN],
  ] as const) {
    t.throws(() => compileCircle(lat, lon, km), RangeError)
  }
})
