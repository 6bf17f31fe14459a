import type { SelectResult } from '../choice/select-types.ts'
import type { PlacedWorkload } from '../observed.ts'
import type { NodeView } from '../types.ts'
import { statusText } from './explain.ts'
import { reasonWords } from './reasons.ts'
import { isShort, type RowSurvey, type Survey } from './survey.ts'
import { rowWords } from './words.ts'

/** One row of a Placement's status. */
export interface RowReport {
  readonly id: string
  readonly facts: string
  readonly matching: number
  readonly wanted?: number
  readonly nodes?: readonly string[]
  readonly missing?: number
  readonly reasons?: readonly { readonly reason: string; readonly nodes: number }[]
  readonly label?: string
}

export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
  readonly lastTransitionTime: string
  readonly observedGeneration: number
}

export interface Move {
  readonly time: string
  readonly from?: string
  readonly to?: string
  readonly reason: string
}

/** `status` of a Placement object. */
export interface PlacementStatus {
  readonly observedGeneration: number
  readonly wanted: number
  readonly selected: number
  readonly ready: number
  readonly missing: number
  readonly message: string
  readonly rows: readonly RowReport[]
  readonly conditions: readonly Condition[]
  readonly lastMove?: Move
}

export interface ReportInput {
  readonly workload: PlacedWorkload
  readonly result: SelectResult
  readonly survey: Survey
  readonly nodes: ReadonlyMap<string, NodeView>
  readonly before: PlacementStatus | undefined
  /** RFC 3339. */
  readonly now: string
}

/** The report on a workload's selection; equal to `before` when nothing that it says has changed. */
export function placementStatus(input: ReportInput): PlacementStatus {
  const { workload, result, survey, nodes, before } = input
  const rows = survey.rows.map((row) => rowReport(row, workload, result))
  const selected = rows.every((row) => row.nodes)
    ? rows.flatMap((row) => row.nodes ?? [])
    : undefined
  const message = workload.problem ?? statusText(survey)
  const lastMove = moveOf(rows, input) ?? before?.lastMove
  return {
    observedGeneration: workload.generation,
    wanted: rows.reduce((sum, row) => sum + (row.wanted ?? 0), 0),
    selected: selected?.length ?? survey.matching.total,
    ready: selected?.filter((name) => nodes.get(name)?.ready).length ?? survey.matching.ready,
    missing: rows.reduce((sum, row) => sum + (row.missing ?? 0), 0),
    message,
    rows,
    conditions: [satisfied(input, message)],
    ...(lastMove && { lastMove }),
  }
}

function rowReport(
  { row, matching, chosen = 0, reasons }: RowSurvey,
  { choices }: PlacedWorkload,
  { chosen: nodes }: SelectResult,
): RowReport {
  const base = { id: row.id, facts: rowWords(row), matching: matching.total }
  if (row.nodes === undefined) return base
  const label = choices.get(row.id)
  return {
    ...base,
    wanted: row.nodes,
    nodes: nodes.get(row.id) ?? [],
    missing: row.nodes - chosen,
    ...(reasons.length > 0 && {
      reasons: reasons.slice(0, 32).map((count) => ({
        reason: reasonWords({ ...count, count: 1 }).slice(2),
        nodes: count.count,
      })),
    }),
    ...(label !== undefined && { label }),
  }
}

function satisfied({ workload, survey, before, now }: ReportInput, message: string): Condition {
  const reason = reasonOf(workload, survey)
  const status = reason === 'Selected' ? 'True' : 'False'
  const was = before?.conditions?.find(({ type }) => type === 'Satisfied')
  return {
    type: 'Satisfied',
    status,
    reason,
    message: message.slice(0, 4096),
    lastTransitionTime: was?.status === status ? was.lastTransitionTime : now,
    observedGeneration: workload.generation,
  }
}

function reasonOf({ problem }: PlacedWorkload, { rows, matching }: Survey): string {
  if (problem !== undefined) return 'NotAdmitted'
  if (matching.total === 0) return 'NoNodes'
  return rows.some(isShort) ? 'TooFewNodes' : 'Selected'
}

/** A chosen node that another one took the place of, as a difference of two reports. */
function moveOf(rows: readonly RowReport[], { before, nodes, now }: ReportInput): Move | undefined {
  for (const row of rows) {
    const was = before?.rows?.find(({ id }) => id === row.id)
    if (!was?.nodes || !row.nodes || row.wanted !== was.wanted) continue
    const from = was.nodes.find((name) => !row.nodes?.includes(name))
    const to = row.nodes.find((name) => !was.nodes?.includes(name))
    if (from === undefined) continue
    const reason = nodes.has(from)
      ? `${from} is no longer usable for ${row.facts}`
      : `${from} is gone`
    return { time: now, from, ...(to !== undefined && { to }), reason }
  }
  return undefined
}

/** The move that happened between two reports; undefined: none. */
export function newMove(
  before: PlacementStatus | undefined,
  now: PlacementStatus,
): Move | undefined {
  return now.lastMove && now.lastMove.time !== before?.lastMove?.time ? now.lastMove : undefined
}
