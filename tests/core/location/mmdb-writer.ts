import { parseAddress } from '../../../core/location/ip.ts'

/** What can stand in a record. Integers become uint32, other numbers double. */
export type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value }

export interface Database {
  readonly ipVersion: 4 | 6
  readonly type: string
  readonly builtAt: Date
  /** Records by network, `81.2.69.0/24`. */
  readonly networks: Readonly<Record<string, Value>>
}

type Branch = [Branch | number | undefined, Branch | number | undefined]

/** Writes a database in MaxMind DB format 2.0 with records of 32 bits. */
export function writeDatabase(database: Database): Buffer {
  const root: Branch = [undefined, undefined]
  const data: Buffer[] = []
  let offset = 0
  for (const [network, record] of Object.entries(database.networks)) {
    insert(root, bitsOf(network, database.ipVersion), offset)
    const encoded = encode(record)
    data.push(encoded)
    offset += encoded.length
  }
  const branches = flatten(root)
  const metadata = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: Math.floor(database.builtAt.getTime() / 1000),
    database_type: database.type,
    description: { en: 'test' },
    ip_version: database.ipVersion,
    languages: ['en'],
    node_count: branches.length,
    record_size: 32,
  })
  const marker = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1')
  return Buffer.concat([treeOf(branches), Buffer.alloc(16), ...data, marker, metadata])
}

/** The bits of a network's prefix; an IPv4 network in an IPv6 tree lies under 96 zero bits. */
function bitsOf(network: string, ipVersion: 4 | 6): string {
  const [text = '', length = ''] = network.split('/')
  const address = parseAddress(text)
  if (!address) throw new TypeError(network)
  const bits = address.bits.toString(2).padStart(address.version === 4 ? 32 : 128, '0')
  const prefix = bits.slice(0, Number(length))
  return address.version === 4 && ipVersion === 6 ? '0'.repeat(96) + prefix : prefix
}

function insert(root: Branch, bits: string, offset: number): void {
  let at = root
  for (const bit of bits.slice(0, -1)) {
    const side = Number(bit) as 0 | 1
    const next = at[side] ?? [undefined, undefined]
    if (typeof next === 'number') throw new TypeError('networks overlap')
    at[side] = next
    at = next
  }
  at[Number(bits.at(-1)) as 0 | 1] = offset
}

function flatten(root: Branch): Branch[] {
  const all = [root]
  for (const branch of all) for (const side of branch) if (Array.isArray(side)) all.push(side)
  return all
}

function treeOf(branches: readonly Branch[]): Buffer {
  const numbers = new Map(branches.map((branch, index) => [branch, index]))
  const tree = Buffer.alloc(branches.length * 8)
  for (const [index, branch] of branches.entries()) {
    for (const [side, value] of branch.entries()) {
      const pointer = typeof value === 'number' ? branches.length + 16 + value : undefined
      const node = Array.isArray(value) ? numbers.get(value) : undefined
      tree.writeUInt32BE(pointer ?? node ?? branches.length, index * 8 + side * 4)
    }
  }
  return tree
}

function encode(value: Value): Buffer {
  if (typeof value === 'string') return field(2, Buffer.from(value))
  if (typeof value === 'boolean') return field(14, Buffer.alloc(0), value ? 1 : 0)
  if (typeof value === 'number') return encodeNumber(value)
  if (Array.isArray(value)) {
    return field(11, Buffer.concat(value.map(encode)), value.length)
  }
  const entries = Object.entries(value as Record<string, Value>)
  const body = entries.flatMap(([key, entry]) => [encode(key), encode(entry)])
  return field(7, Buffer.concat(body), entries.length)
}

function encodeNumber(value: number): Buffer {
  if (Number.isInteger(value) && value >= 0) {
    const integer = Buffer.alloc(4)
    integer.writeUInt32BE(value)
    return field(6, integer)
  }
  const double = Buffer.alloc(8)
  double.writeDoubleBE(value)
  return field(3, double)
}

/** Control byte(s), then the body; types over 7 are extended. */
function field(type: number, body: Buffer, size = body.length): Buffer {
  const extended = type > 7
  const [short, more] = size < 29 ? [size, []] : [29, [size - 29]]
  if (more[0] !== undefined && more[0] > 255) throw new TypeError('too long')
  const control = [((extended ? 0 : type) << 5) | short, ...(extended ? [type - 7] : []), ...more]
  return Buffer.concat([Buffer.from(control), body])
}
