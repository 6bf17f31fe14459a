import { fromAddress } from './address.ts'
import { fromManual } from './manual.ts'
import type { Labels, NodeFacts } from './node-facts.ts'
import { placeLabels } from './place-labels.ts'
import { fromProvider } from './provider.ts'
import type { Answer, Lookups, Place, Problem, Source } from './types.ts'

export interface Located {
  readonly labels: Labels
  readonly source: Source
  readonly place: Place
  /** What the source went by: an annotation, a provider's site, an IP address. */
  readonly from: string
}

export interface Unlocated {
  readonly unlocated: Problem
}

/** One source: what it says of a node, undefined when it has nothing to go by. */
type Ask = (node: NodeFacts, lookups: Lookups) => Answer

/** Best first. A source is added by adding its line. */
const ORDER: readonly (readonly [Source, Ask])[] = [
  ['manual', fromManual],
  ['provider', fromProvider],
  ['ip', fromAddress],
]

/**
 * Where a node is, by the best source that knows. Without a place the problem is that of the last
 * source that had something to go by. A manual annotation that cannot be used is final: an
 * administrator meant some place, and any other source would put the node somewhere else unseen.
 */
export function locate(node: NodeFacts, lookups: Lookups): Located | Unlocated {
  let problem: Problem = { reason: 'NoPublicAddress', message: 'nothing says where the node is' }
  for (const [source, ask] of ORDER) {
    const answer = ask(node, lookups)
    if (answer === undefined) continue
    if ('place' in answer) {
      const { place, from } = answer
      return { labels: placeLabels(place, source), source, place, from }
    }
    problem = answer.problem
    if (answer.final) break
  }
  return { unlocated: problem }
}
