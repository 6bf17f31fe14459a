import fc from 'fast-check'
import t from 'tap'
import { joinLabel } from '../../core/location/qualified.ts'
import { parseQuantity } from '../../core/quantity.ts'

t.test('amounts', async (t) => {
  const cases: [unknown, string, number | undefined][] = [
    ['1', 'cpu', 1000],
    ['250m', 'cpu', 250],
    ['0.1', 'cpu', 100],
    ['0.07', 'cpu', 70],
    ['1.0001', 'cpu', 1001],
    ['1500u', 'cpu', 2],
    ['1n', 'cpu', 1],
    ['2k', 'cpu', 2_000_000],
    [3, 'cpu', 3000],
    [0.5, 'cpu', 500],
    ['128Mi', 'memory', 128 * 2 ** 20],
    ['1.5Gi', 'memory', 1.5 * 2 ** 30],
    ['1Ki', 'memory', 1024],
    ['1Ti', 'memory', 2 ** 40],
    ['1Pi', 'memory', 2 ** 50],
    ['1Ei', 'memory', 2 ** 60],
    ['1k', 'memory', 1e3],
    ['1M', 'memory', 1e6],
    ['1G', 'memory', 1e9],
    ['1T', 'memory', 1e12],
    ['1P', 'memory', 1e15],
    ['1E', 'memory', 1e18],
    ['1E3', 'memory', 1000],
    ['12e6', 'memory', 12_000_000],
    ['1e-3', 'memory', 1],
    ['100m', 'memory', 1],
    ['.5', 'memory', 1],
    ['5.', 'memory', 5],
    ['+5', 'pods', 5],
    ['-5', 'pods', -5],
    ['-1500m', 'pods', -1],
    ['0', 'pods', 0],
    [1e21, 'pods', 1e21],
    ...[
      '',
      ' 1',
      '1 ',
      '.',
      '-',
      'm',
      '1KI',
      '1ki',
      '1mi',
      '1x',
      '1e',
      '1e1.5',
      '0x10',
      '1_000',
      'NaN',
      '١',
      '1Mii',
      '1e9999',
      '9'.repeat(300),
    ].map((text): [unknown, string, undefined] => [text, 'cpu', undefined]),
    ...[null, undefined, {}, [], true, Number.NaN, Number.POSITIVE_INFINITY].map(
      (value): [unknown, string, undefined] => [value, 'cpu', undefined],
    ),
  ]
  for (const [text, resource, amount] of cases) {
    t.equal(parseQuantity(text, resource), amount, `${JSON.stringify(text)} of ${resource}`)
  }
})

t.test('whatever the text, a number or nothing', async () => {
  const text = fc.string({
    unit: fc.constantFrom('0', '1', '9', '.', 'e', 'E', 'm', 'M', 'i', 'K', '-', '+'),
    maxLength: 70,
  })
  fc.assert(
    fc.property(text, (quantity) => {
      const amount = parseQuantity(quantity, 'cpu')
      return amount === undefined || !Number.isNaN(amount)
    }),
  )
})

t.test('qualified label values', async (t) => {
  t.equal(joinLabel(['FR', 'Paris']), 'FR.Paris')
  const label = fc.stringMatching(/^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/)
  fc.assert(
    fc.property(label, label, (a, b) => {
      const joined = joinLabel([a, b])
      return (
        joined.length <= 63 &&
        /^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$/.test(joined) &&
        joinLabel([a, b]) === joined
      )
    }),
  )
  const long = 'x'.repeat(62)
  t.not(joinLabel(['FR', `${long}a`]), joinLabel(['FR', `${long}b`]), 'cut names differ')
})
