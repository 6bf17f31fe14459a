import { type Address, isPublic, parseAddress } from './ip.ts'
import { placeOfRecord } from './mmdb-record.ts'
import type { NodeFacts } from './node-facts.ts'
import type { Answer, GeoDatabase, Lookups, Place } from './types.ts'

/** A node has one or two addresses of a kind; the rest of a long list is not looked at. */
const MAX_CANDIDATES = 16

/**
 * The addresses to look up, best first: the endpoint seen at joining, ExternalIP, public InternalIP.
 * When the endpoint is public it is the only one: all others are the machine's own word.
 */
export function candidates(node: NodeFacts): Address[] {
  const endpoint = parseEndpoint(node.endpoint ?? '')
  if (endpoint && isPublic(endpoint)) return [endpoint]
  return [...node.externalIPs, ...node.internalIPs]
    .slice(0, MAX_CANDIDATES)
    .flatMap((text) => parseAddress(text) ?? [])
    .filter(isPublic)
}

/** An address, also with a port: `192.0.2.1:51820`, `[2001:db8::1]:51820`. */
function parseEndpoint(text: string): Address | undefined {
  const match = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(text) ?? /^([\d.]+):\d{1,5}$/.exec(text)
  return parseAddress(match?.[1] ?? text)
}

/** The place of the first address that a database knows. */
export function fromAddress(node: NodeFacts, lookups: Lookups): Answer {
  const addresses = candidates(node)
  const names = addresses.map((address) => address.text).join(', ')
  if (addresses.length === 0) {
    return problem('NoPublicAddress', 'the node has no public IP address to look up')
  }
  if (lookups.databases.length === 0) {
    return problem('NoDatabase', `no IP database is loaded to look up ${names}`)
  }
  try {
    for (const address of addresses) {
      const place = lookup(address, lookups.databases)
      if (place) return { place, from: address.text }
    }
  } catch (error) {
    return problem('LookupFailed', `looking up ${names} failed: ${String(error)}`)
  }
  return problem('AddressUnknown', `the IP database does not know ${names}`)
}

function lookup(address: Address, databases: readonly GeoDatabase[]): Place | undefined {
  for (const database of databases) {
    if (address.version === 6 && database.ipVersion === 4) continue
    const place = placeOfRecord(database.get(address.text))
    if (place) return place
  }
  return undefined
}

type Reason = 'NoPublicAddress' | 'NoDatabase' | 'LookupFailed' | 'AddressUnknown'

const problem = (reason: Reason, message: string): Answer => ({ problem: { reason, message } })
