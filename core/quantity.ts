/** Longer texts are not quantities that the API server would have stored. */
const MAX_LENGTH = 64

/** Powers of ten and of two that a suffix stands for, as Kubernetes' resource.Quantity has them. */
const DECIMAL = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
])
const BINARY = new Map([
  ['Ki', 10n],
  ['Mi', 20n],
  ['Gi', 30n],
  ['Ti', 40n],
  ['Pi', 50n],
  ['Ei', 60n],
])

const FORM = /^([+-]?)(?=\.?\d)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3})|([a-zA-Z]*))$/

/**
 * The amount that a Kubernetes quantity (`250m`, `1.5Gi`, `2e3`, also a JSON number) means for a
 * resource: `cpu` in millicores, everything else in whole units (bytes, pieces), rounded up as the
 * scheduler rounds. Undefined when the text is not a quantity. Exact up to the last rounding, which
 * is to a double; an amount beyond 10^400 is none.
 */
export function parseQuantity(quantity: unknown, resource: string): number | undefined {
  const text = typeof quantity === 'number' ? String(quantity) : quantity
  if (typeof text !== 'string' || text.length > MAX_LENGTH) return undefined
  const parts = FORM.exec(text)
  if (!parts) return undefined
  const [, sign, whole = '', fraction = '', exponent, suffix = ''] = parts
  const scale = resource === 'cpu' ? 3 : 0
  const binary = BINARY.get(suffix) ?? 0n
  const ten = exponent === undefined ? decimalOf(suffix) : Number(exponent)
  if (ten === undefined || Math.abs(ten) > 400) return undefined
  const digits = BigInt(`${sign === '-' ? '-' : ''}${whole}${fraction}`) << binary
  return Number(timesPowerOfTen(digits, ten + scale - fraction.length))
}

function decimalOf(suffix: string): number | undefined {
  return BINARY.has(suffix) ? 0 : DECIMAL.get(suffix)
}

/** `value` times ten to `power`, rounded up to an integer. */
function timesPowerOfTen(value: bigint, power: number): bigint {
  if (power >= 0) return value * 10n ** BigInt(power)
  const divisor = 10n ** BigInt(-power)
  const quotient = value / divisor
  return value > 0n && value % divisor !== 0n ? quotient + 1n : quotient
}
