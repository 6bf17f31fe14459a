import fc from 'fast-check'
import t from 'tap'
import {
  coordinateLabels,
  labelValue,
  parseCoordinateLabel,
} from '../../../core/location/label-value.ts'

t.test('names become label values', async (t) => {
  const table: [string, string | undefined][] = [
    ['São Paulo', 'Sao_Paulo'],
    ['Sa\u0303o Paulo', 'Sao_Paulo'],
    ['Zürich', 'Zurich'],
    ['Île-de-France', 'Ile-de-France'],
    ['東京', 'DongJing'],
    ['İstanbul', 'Istanbul'],
    ['Москва', 'Moskva'],
    ['서울', 'SeoUl'],
    ['서울'.normalize('NFD'), 'SeoUl'],
    ["L'Aquila", 'L_Aquila'],
    ['Washington, D.C.', 'Washington_D.C'],
    ['Frankfurt (Oder)', 'Frankfurt_Oder'],
    ['North America', 'North_America'],
    ['  New   York  ', 'New_York'],
    ['a__b', 'a_b'],
    ['1.5-beta_2', '1.5-beta_2'],
    ['-_.x._-', 'x'],
    ['a/b\\c:d', 'a_b_c_d'],
    ['', undefined],
    ['---', undefined],
    ['\u0000\n\t', undefined],
    ['\ud800', undefined],
    ['\u200b\ufe0f', undefined],
    ['__proto__', 'proto'],
    ['x'.repeat(63), 'x'.repeat(63)],
    ['x'.repeat(64), 'x'.repeat(63)],
    [`${'x'.repeat(62)} y`, 'x'.repeat(62)],
    [`${'x'.repeat(60)}-._-y`, 'x'.repeat(60)],
    ['x'.repeat(1e6), 'x'.repeat(63)],
    [`${' '.repeat(4000)}x`, 'x'],
    [`${'-'.repeat(1e6)}x`, undefined],
  ]
  for (const [text, expected] of table)
    t.equal(labelValue(text), expected, JSON.stringify(text.slice(0, 40)))
  t.equal(labelValue('---', '2988507'), '2988507', 'fallback')
  t.equal(labelValue('---', '...'), undefined, 'fallback without anything in it')
  t.equal(labelValue('Paris', '2988507'), 'Paris')
})

t.test('always a label value, and stable', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.string({ unit: fc.constantFrom('-', '_', '.', 'a', ' ', 'é', '北'), maxLength: 200 }),
  )
  fc.assert(
    fc.property(text, (name) => {
      const value = labelValue(name)
      if (value === undefined) return true
      const valid = /^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$/.test(value) && value.length <= 63
      return valid && !value.includes('__') && labelValue(value) === value
    }),
    { numRuns: 1000 },
  )
})

t.test('coordinates', async (t) => {
  t.same(coordinateLabels(37.423, -122.1639), { lat: 'n37.423000', lon: 'w-122.163900' })
  t.same(coordinateLabels(-33.8678512, 151.2073249), { lat: 's-33.867851', lon: 'e151.207325' })
  t.same(coordinateLabels(0, -0), { lat: 'n0.000000', lon: 'e0.000000' })
  t.same(coordinateLabels(-1e-9, -4e-7), { lat: 'n0.000000', lon: 'e0.000000' })
  t.same(coordinateLabels(-90, -180), { lat: 's-90.000000', lon: 'w-180.000000' })
  for (const [lat, lon] of [
    [91, 0],
    [0, 181],
    [Number.NaN, 0],
    [0, Number.NEGATIVE_INFINITY],
  ] as const) {
    t.throws(() => coordinateLabels(lat, lon), RangeError, `${lat},${lon}`)
  }
  const parsed: [string, number | undefined][] = [
    ['n37.423000', 37.423],
    ['w-122.163900', -122.1639],
    ['e0.000000', 0],
    ['s-0.000000', 0],
    ['n90', 90],
    ['e180', 180],
    ['n90.000001', undefined],
    ['s-90.1', undefined],
    ['e180.5', undefined],
    ['w-181', undefined],
    ['37.4', undefined],
    ['w122.1', undefined],
    ['n-37.4', undefined],
    ['e-1', undefined],
    ['s33', undefined],
    ['n1e1', undefined],
    ['n', undefined],
    ['', undefined],
    ['n.5', undefined],
    ['n5.', undefined],
    ['n+5', undefined],
    ['n 5', undefined],
    ['n5 ', undefined],
    ['n5\n', undefined],
    ['N5', undefined],
    ['x5', undefined],
    ['nNaN', undefined],
    ['nInfinity', undefined],
    ['n0x10', undefined],
    ['n٣', undefined],
    [`n${'1'.repeat(300)}`, undefined],
    [`n1.${'1'.repeat(300)}`, undefined],
  ]
  for (const [text, expected] of parsed)
    t.equal(parseCoordinateLabel(text), expected, JSON.stringify(text.slice(0, 30)))
  const degrees = (limit: number) => fc.double({ min: -limit, max: limit, noNaN: true })
  fc.assert(
    fc.property(degrees(90), degrees(180), (lat, lon) => {
      const labels = coordinateLabels(lat, lon)
      const back = [parseCoordinateLabel(labels.lat), parseCoordinateLabel(labels.lon)]
      const near = (a: number | undefined, b: number) =>
        a !== undefined && Math.abs(a - b) <= 0.50001e-6
      return near(back[0], lat) && near(back[1], lon) && labelValue(labels.lon) === labels.lon
    }),
  )
})
