import type { NodeFacts } from './node-facts.ts'
import { parseProviderId, siteNames } from './provider-id.ts'
import { placeOfSite } from './sites.ts'
import type { Answer } from './types.ts'

/**
 * The place of a cloud machine.
 *
 * The zone in the provider id goes first, since the topology labels can be set by a kubelet. They are
 * read only where the id says no place (or just a region), and only in the table of the id's
 * provider. A zone that is not in the tables gives no answer, not its region's: a new Local Zone may
 * be a thousand kilometres from its region.
 *
 * A contributed machine (one that joined through our endpoint) has no cloud controller of ours, so
 * its provider id is its own word and not listened to.
 */
export function fromProvider(node: NodeFacts): Answer {
  if (node.endpoint !== undefined || node.providerId === undefined) return undefined
  const id = node.providerId
  const parsed = parseProviderId(id)
  if (!parsed) return undefined
  for (const site of sitesOf(node, parsed.site)) {
    for (const name of siteNames(id, site)) {
      const place = placeOfSite(parsed.provider, name)
      if (place) return { place, from: `${parsed.provider} ${name}` }
    }
  }
  return undefined
}

/** The sites to look up. A zone label inside the region that the id names is narrower than the id. */
function sitesOf(node: NodeFacts, site: string | undefined): string[] {
  const labels = [node.zoneLabel, node.regionLabel].filter((label) => label !== undefined)
  if (site === undefined) return labels
  const narrower = labels.filter((label) => label.startsWith(`${site}-`))
  return [...narrower, site]
}
