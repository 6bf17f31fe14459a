import { newMove, type PlacementStatus } from './report.ts'

export interface ReportEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly action: string
  readonly note: string
}

/** What a user should hear about the change from one report to the next, as Kubernetes events. */
export function reportEvents(
  before: PlacementStatus | undefined,
  now: PlacementStatus,
): ReportEvent[] {
  const events: ReportEvent[] = []
  const move = newMove(before, now)
  if (move) {
    const note = `${move.to ? `${move.to} takes the place of ${move.from}` : `${move.from} is given up`}: ${move.reason}`
    events.push({ type: 'Normal', reason: 'Moved', action: 'SelectNodes', note })
  }
  events.push(...healingEvents(before, now))
  const is = now.conditions[0]
  const was = before?.conditions?.[0]
  // The details of a shortage change whenever any pod in the area comes or goes: the Placement has them.
  const same = was?.status === is?.status && was?.reason === is?.reason
  if (!is || (same && before?.missing === now.missing)) return events
  if (is.status === 'False') {
    events.push({ type: 'Warning', reason: is.reason, action: 'SelectNodes', note: is.message })
  } else if (was?.status !== 'True') {
    events.push({ type: 'Normal', reason: is.reason, action: 'SelectNodes', note: is.message })
  }
  return events
}

/** What a heal waits for is told when that begins or changes; its text stands in the Placement. */
function healingEvents(before: PlacementStatus | undefined, now: PlacementStatus): ReportEvent[] {
  const find = (status: PlacementStatus | undefined) =>
    status?.conditions?.find(({ type }) => type === 'Healed')
  const is = find(now)
  if (is?.status !== 'False' || is.message === find(before)?.message) return []
  return [{ type: 'Warning', reason: is.reason, action: 'Heal', note: is.message }]
}
