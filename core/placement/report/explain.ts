import type { Spread } from '../types.ts'
import { nearMissWords } from './near-miss.ts'
import { type ReasonCount, reasonWords } from './reasons.ts'
import { isShort, type Matching, type RowSurvey, type Survey } from './survey.ts'
import { countriesWords, line, nodesWords, resourceWords, rowWords } from './words.ts'

/** The API server keeps 4,096 bytes of warnings; kubectl prints one per line. */
const MAX_WARNINGS = 4

/** What else of the workload the texts speak about. */
export interface WorkloadView {
  /** Pods that run at a time: replicas, or parallelism of a Job; undefined for DaemonSet and Pod. */
  readonly replicas?: number
  readonly spread: Spread
}

/** "1 is not ready, 2 have no room for cpu 500m"; empty without reasons. */
function reasonsWords(reasons: readonly ReasonCount[], { requests }: Survey): string {
  return reasons
    .filter(({ reason }) => reason !== 'AreaUnknown')
    .map((count) => {
      const resource = count.reason === 'NoRoom' ? count.detail : undefined
      if (resource === undefined) return reasonWords(count)
      const amount = Object.hasOwn(requests, resource) ? requests[resource] : undefined
      return reasonWords({ ...count, detail: resourceWords(resource, amount) })
    })
    .join(', ')
}

function matchWords({ total, countries }: Matching): string {
  return `${nodesWords(total)} ${total === 1 ? 'matches' : 'match'} now: ${countriesWords(countries)}`
}

/** Named areas that do not exist, as the beginning of a sentence. */
function unknownWords({ reasons }: RowSurvey): string {
  const names = reasons.filter(({ reason }) => reason === 'AreaUnknown').map(({ detail }) => detail)
  if (names.length === 0) return ''
  return `there is no GeoArea ${names.slice(0, 3).join(' and no GeoArea ')}; `
}

/**
 * One row in words, without its near miss: "5 of 5 nodes chosen; 7 nodes match now: FR 4, BE 3", or
 * "2 of 5 nodes for country FR: 4 match now; 1 is not ready, 1 has no room for cpu 500m".
 */
export function rowText(surveyed: RowSurvey, all: Survey): string {
  const { row, matching, chosen = 0 } = surveyed
  const reasons = reasonsWords(surveyed.reasons, all)
  const unknown = unknownWords(surveyed)
  const { total } = matching
  if (row.nodes === undefined) {
    if (total > 0) return `${unknown}${matchWords(matching)}${reasons && ` (${reasons})`}`
    return `${unknown}no node matches ${rowWords(row)} now${reasons && `; ${reasons}`}`
  }
  const share = `${unknown}${chosen} of ${row.nodes} nodes`
  if (!isShort(surveyed)) return `${share} chosen; ${matchWords(matching)}`
  const found = total === 0 ? 'none matches' : total === 1 ? '1 matches' : `${total} match`
  return `${share} for ${rowWords(row)}: ${found} now${reasons && `; ${reasons}`}`
}

/** One row with the hint of what would help. */
function rowWithHint(surveyed: RowSurvey, all: Survey): string {
  const hint = surveyed.nearMiss ? `; ${nearMissWords(surveyed.nearMiss)}` : ''
  return rowText(surveyed, all) + hint
}

/** "row 1: 3 of 3, row 2: 1 of 2, row 3: 7 nodes". */
function overview({ rows }: Survey): string {
  return rows
    .map(({ row, chosen = 0, matching }, i) => {
      const share =
        row.nodes === undefined ? nodesWords(matching.total) : `${chosen} of ${row.nodes}`
      return `row ${i + 1}: ${share}`
    })
    .join(', ')
}

/**
 * Pods against nodes, where every row has a count. With strict spread and a node too few, a node takes
 * one pod only (minDomains is the sum of the counts), so the rest wait; with all nodes there, more
 * replicas are spread evenly and none waits.
 */
export function replicasText(all: Survey, { replicas, spread }: WorkloadView): string | undefined {
  if (replicas === undefined || all.rows.some(({ row }) => row.nodes === undefined))
    return undefined
  const wanted = all.rows.reduce((sum, { row }) => sum + (row.nodes ?? 0), 0)
  const chosen = all.rows.reduce((sum, row) => sum + (row.chosen ?? 0), 0)
  const waiting = replicas - chosen
  if (spread === 'strict' && chosen < wanted && waiting > 0) {
    const wait = waiting === 1 ? '1 waits' : `${waiting} wait`
    return `${replicas} replicas, one on a node (spread is strict): ${wait} until more nodes can be chosen`
  }
  if (replicas >= wanted) return undefined
  const idle = wanted - replicas
  const stay = idle === 1 ? '1 node stays' : `${idle} nodes stay`
  return `replicas is ${replicas}, fewer than the ${nodesWords(wanted)} asked for: ${stay} without a pod`
}

/** Nodes that nobody has located are worth a word only where nodes are missing. */
function unlocatedText(all: Survey): string | undefined {
  if (all.unlocated === 0 || !all.rows.some(isShort)) return undefined
  const have = all.unlocated === 1 ? 'has' : 'have'
  return `${nodesWords(all.unlocated)} ${have} no known place and ${have === 'has' ? 'is' : 'are'} in no selection`
}

/** The state of a selection in one text, for the Placement's status and for events: a part per row. */
export function statusText(all: Survey): string {
  const [only] = all.rows
  if (all.rows.length === 1 && only) return rowWithHint(only, all)
  return all.rows.map((row, i) => `row ${i + 1}: ${rowWithHint(row, all)}`).join('. ')
}

/**
 * The answers to an apply: at most four lines of at most 255 bytes of printable ASCII, the most
 * important first. They say how many nodes match now and where, what is missing and why, what would
 * help, and how pods and nodes go together.
 */
export function warnings(all: Survey, workload: WorkloadView): string[] {
  const short = all.rows.filter(isShort)
  const texts = all.rows.length === 1 ? singleRow(all) : severalRows(all, short)
  const rest = [replicasText(all, workload), unlocatedText(all)]
  return [...texts, ...rest.filter((text) => text !== undefined)].slice(0, MAX_WARNINGS).map(line)
}

function singleRow(all: Survey): string[] {
  return all.rows.flatMap((row) => [
    rowText(row, all),
    ...(row.nearMiss ? [nearMissWords(row.nearMiss)] : []),
  ])
}

/** Two lines at most for rows in trouble, so that the replicas are still heard. */
function severalRows(all: Survey, short: readonly RowSurvey[]): string[] {
  const total = all.matching.total === 0 ? 'no node matches now' : matchWords(all.matching)
  const texts = short.map((row) => `row ${all.rows.indexOf(row) + 1}: ${rowWithHint(row, all)}`)
  const more =
    texts.length > 2 ? [`${texts[1]} (and ${texts.length - 2} more rows)`] : texts.slice(1)
  return [`${total}; ${overview(all)}`, ...texts.slice(0, 1), ...more]
}
