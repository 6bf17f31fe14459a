/** An IP address; `bits` is its value as one number of 32 or 128 bits. */
export interface Address {
  readonly text: string
  readonly version: 4 | 6
  readonly bits: bigint
}

/** Reads an IPv4 address in four decimal parts or an IPv6 address (RFC 4291, no zone); else undefined. */
export function parseAddress(text: string): Address | undefined {
  if (text.length > 45) return undefined
  const v4 = parseV4(text)
  if (v4 !== undefined) return { text, version: 4, bits: v4 }
  const v6 = parseV6(text)
  return v6 === undefined ? undefined : { text: text.toLowerCase(), version: 6, bits: v6 }
}

function parseV4(text: string): bigint | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (!match) return undefined
  let bits = 0n
  for (const part of match.slice(1)) {
    // A leading zero means octal to some readers: such an address is two addresses.
    if (Number(part) > 255 || (part.length > 1 && part.startsWith('0'))) return undefined
    bits = (bits << 8n) | BigInt(part)
  }
  return bits
}

function parseV6(text: string): bigint | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map((half, index) => groupsOf(half, index === halves.length - 1))
  if (!head || (halves.length === 2 && !tail)) return undefined
  const given = head.length + (tail?.length ?? 0)
  if (tail ? given > 7 : given !== 8) return undefined
  const all = tail ? [...head, ...Array<bigint>(8 - given).fill(0n), ...tail] : head
  return all.reduce((bits, group) => (bits << 16n) | group, 0n)
}

/** The 16-bit groups of one side of `::`; a dotted IPv4 part at the address' end counts as two. */
function groupsOf(side: string, last: boolean): bigint[] | undefined {
  if (side === '') return []
  const groups: bigint[] = []
  const parts = side.split(':')
  for (const [index, part] of parts.entries()) {
    const v4 = last && index === parts.length - 1 ? parseV4(part) : undefined
    if (v4 !== undefined) groups.push(v4 >> 16n, v4 & 0xffffn)
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(BigInt(`0x${part}`))
    else return undefined
  }
  return groups
}

/**
 * Networks whose addresses say nothing about a place: private, shared by carriers, loopback,
 * link-local, documentation, benchmarks, anycast services, multicast, reserved (IANA special-purpose
 * address registries, RFC 6890). IPv6 outside 2000::/3 is never global unicast and needs no entry.
 */
const PLACELESS = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '2620:4f:8000::/48',
  '3fff::/20',
].map(parsePrefix)

const GLOBAL_V6 = parsePrefix('2000::/3')

interface Prefix {
  readonly version: 4 | 6
  readonly high: bigint
  /** How many low bits are free. */
  readonly free: bigint
}

function parsePrefix(text: string): Prefix {
  const [address = '', length] = text.split('/')
  const parsed = parseAddress(address)
  if (!parsed) throw new TypeError(`not a prefix: ${text}`)
  const free = BigInt(parsed.version === 4 ? 32 : 128) - BigInt(length ?? 0)
  return { version: parsed.version, high: parsed.bits >> free, free }
}

const within = (address: Address, prefix: Prefix): boolean =>
  address.version === prefix.version && address.bits >> prefix.free === prefix.high

/** Whether the address is one of the public Internet, so that a database can say where it is. */
export function isPublic(address: Address): boolean {
  if (address.version === 6 && !within(address, GLOBAL_V6)) return false
  return !PLACELESS.some((prefix) => within(address, prefix))
}
