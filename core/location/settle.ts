import { distanceKm } from '../geo/distance.ts'
import { PREFIX } from '../placement/labels.ts'
import { candidates } from './address.ts'
import { parseCoordinateLabel } from './label-value.ts'
import { type Located, locate, type Unlocated } from './locate.ts'
import type { Condition, Labels, NodeFacts } from './node-facts.ts'
import { heldAddress, provenance } from './provenance.ts'
import type { Lookups, Source } from './types.ts'

/** What a node should carry, and why. */
export interface Settled {
  /** All geo labels; those that are not in it are taken off the node. */
  readonly labels: Labels
  /** Annotation beside a place found by address; undefined: none. */
  readonly provenance?: string
  readonly condition: Omit<Condition, 'lastTransitionTime'>
  /** A look-up failed, with this sentence, and is worth another try. */
  readonly failure?: string
}

/**
 * Radius in km of a place whose database states none: about what such databases are off by on fixed
 * lines, with a margin.
 */
const DEFAULT_RADIUS_KM = 50

/**
 * What a node should carry. A place found by address is sticky, since databases move addresses from
 * release to release: it stays while the same address moves by less than its own radius, and also while
 * there is no (or no working) database to ask, or the database has forgotten the address.
 */
export function settle(node: NodeFacts, lookups: Lookups): Settled {
  const answer = locate(node, lookups)
  const held = heldAddress(node)
  const settled =
    held !== undefined && stays(node, held, answer) ? keep(node, held, answer) : take(answer)
  if (!('unlocated' in answer) || answer.unlocated.reason !== 'LookupFailed') return settled
  return { ...settled, failure: answer.unlocated.message }
}

function stays(node: NodeFacts, held: string, answer: Located | Unlocated): boolean {
  if ('unlocated' in answer) {
    const { reason } = answer.unlocated
    if (reason === 'NoDatabase' || reason === 'LookupFailed') return true
    return reason === 'AddressUnknown' && isCandidate(node, held)
  }
  return answer.source === 'ip' && answer.from === held && !moved(node.labels, answer)
}

const isCandidate = (node: NodeFacts, address: string): boolean =>
  candidates(node).some(({ text }) => text === address)

/** Whether the answer lies outside the radius of the present place. */
function moved(labels: Labels, { place, labels: wanted }: Located): boolean {
  const lat = parseCoordinateLabel(labels[`${PREFIX}lat`] ?? '')
  const lon = parseCoordinateLabel(labels[`${PREFIX}lon`] ?? '')
  if (lat === undefined || lon === undefined) return true
  const country = `${PREFIX}country-iso`
  if (place.lat === undefined || place.lon === undefined) return labels[country] !== wanted[country]
  const radius = Number(labels[`${PREFIX}accuracy-km`] ?? DEFAULT_RADIUS_KM)
  return !(distanceKm({ lat, lon }, { lat: place.lat, lon: place.lon }) < radius)
}

function keep(node: NodeFacts, held: string, answer: Located | Unlocated): Settled {
  const base = describe(node.labels, 'ip', held)
  // While nobody can look up a new address, the condition says that the place is that of the old one.
  const stale = 'unlocated' in answer && !isCandidate(node, held)
  const message = stale ? `${base.message}; ${answer.unlocated.message}` : base.message
  return {
    labels: node.labels,
    ...(node.provenance !== undefined && { provenance: node.provenance }),
    condition: { ...base, message },
  }
}

function take(answer: Located | Unlocated): Settled {
  if ('unlocated' in answer) {
    return { labels: {}, condition: { status: 'False', ...answer.unlocated } }
  }
  const { labels, source, from } = answer
  return {
    labels,
    ...(source === 'ip' && { provenance: provenance(from, labels) }),
    condition: describe(labels, source, from),
  }
}

const REASONS: Readonly<Record<Source, string>> = {
  manual: 'ManualLocation',
  provider: 'ProviderSite',
  claim: 'SignedClaim',
  ip: 'IPAddress',
}

/** The condition of a located node: `London, GB-ENG; from IP address 81.2.69.142, within 10 km`. */
function describe(labels: Labels, source: Source, from: string): Settled['condition'] {
  const label = (name: string) => labels[PREFIX + name]
  const coordinates = [label('lat'), label('lon')].filter((value) => value !== undefined).join(', ')
  const region = label('subdivision') ?? label('country-iso') ?? label('continent')
  const where = [label('city'), region].filter((value) => value !== undefined).join(', ')
  const radius = label('accuracy-km')
  const within = radius === undefined ? '' : `, within ${radius} km`
  const what = source === 'ip' ? `IP address ${from}` : from
  return {
    status: 'True',
    reason: REASONS[source],
    message: `${where || coordinates}; from ${what}${within}`,
  }
}
