import type { Reader, Response } from 'maxmind'

/** Networks read after each starting point. */
const STEPS = 32

/** Starting points: each /4 of IPv4, and the blocks from which the registries hand out IPv6. */
const V4_STARTS = Array.from({ length: 14 }, (_, index) => BigInt(index) << 28n)
const V6_STARTS = [0x2000n, 0x2001n, 0x2400n, 0x2600n, 0x2800n, 0x2a00n, 0x2c00n].map(
  (group) => group << 112n,
)

/** Records from all over a database. Throws what the reader throws on a damaged file. */
export function sampleRecords(reader: Reader<Response>, ipVersion: 4 | 6): unknown[] {
  const v4 = V4_STARTS.flatMap((start) => walk(reader, start, 32))
  return ipVersion === 4 ? v4 : [...v4, ...V6_STARTS.flatMap((start) => walk(reader, start, 128))]
}

/** The records of the networks that follow an address; unused networks count as a step too. */
function walk(reader: Reader<Response>, start: bigint, width: 32 | 128): unknown[] {
  const records: unknown[] = []
  let address = start
  for (let step = 0; step < STEPS && address < 1n << BigInt(width); step++) {
    const [record, prefix] = reader.getWithPrefixLength(format(address, width))
    if (record !== null) records.push(record)
    const free = BigInt(width - prefix)
    address = ((address >> free) + 1n) << free
  }
  return records
}

function format(address: bigint, width: 32 | 128): string {
  const size = width === 32 ? 8 : 16
  const parts = Array.from({ length: width / size }, (_, index) => {
    const part = (address >> BigInt(width - size * (index + 1))) & ((1n << BigInt(size)) - 1n)
    return part.toString(width === 32 ? 10 : 16)
  })
  return parts.join(width === 32 ? '.' : ':')
}
