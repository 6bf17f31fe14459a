import { deepEqual } from '../../equal.ts'
import type { HealingNote } from '../../healing/notes.ts'
import type { SelectResult } from '../choice/select-types.ts'
import type { PlacedWorkload } from '../observed.ts'
import type { NodeView } from '../types.ts'
import { statusText } from './explain.ts'
import { reasonWords } from './reasons.ts'
import { isShort, type RowSurvey, type Survey } from './survey.ts'
import { rowWords } from './words.ts'

/** What the Placement's schema allows, in characters. */
const MAX_MESSAGE = 65_536

/** One row of a Placement's status. */
export interface RowReport {
  readonly id: string
  readonly facts: string
  readonly matching: number
  readonly wanted?: number
  readonly nodes?: readonly string[]
  /** Nodes that are lost or drained and keep their slot until another one can take it. */
  readonly lost?: readonly string[]
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
  /** Why a node is lost, in words; undefined: it is not. */
  readonly whyLost?: (node: string) => string | undefined
  /** What stands in the way of a heal. */
  readonly notes?: readonly HealingNote[]
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
  const texts = [workload.problem ?? statusText(survey), ...notesOf(input)]
  const message = texts.join('; ').slice(0, MAX_MESSAGE)
  const lastMove = moveOf(rows, input) ?? before?.lastMove
  return {
    observedGeneration: workload.generation,
    wanted: rows.reduce((sum, row) => sum + (row.wanted ?? 0), 0),
    selected: selected?.length ?? survey.matching.total,
    ready: selected?.filter((name) => nodes.get(name)?.ready).length ?? survey.matching.ready,
    missing: rows.reduce((sum, row) => sum + (row.missing ?? 0), 0),
    message,
    rows,
    conditions: [satisfied(input, message), ...healed(input)],
    ...(lastMove && { lastMove }),
  }
}

function rowReport(
  { row, matching, chosen = 0, reasons }: RowSurvey,
  { choices }: PlacedWorkload,
  { chosen: nodes, kept }: SelectResult,
): RowReport {
  const base = { id: row.id, facts: rowWords(row), matching: matching.total }
  if (row.nodes === undefined) return base
  const label = choices.get(row.id)
  const lost = kept.get(row.id)
  return {
    ...base,
    wanted: row.nodes,
    nodes: nodes.get(row.id) ?? [],
    ...(lost && { lost }),
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

const notesOf = ({ notes = [] }: ReportInput): string[] => notes.map(({ text }) => text)

/** Says what a heal waits for; a Placement that never had to say so does not mention it. */
function healed(input: ReportInput): Condition[] {
  const { workload, before, now, notes = [] } = input
  const was = before?.conditions?.find(({ type }) => type === 'Healed')
  const [first] = notes
  if (!was && !first) return []
  const status = first ? 'False' : 'True'
  return [
    {
      type: 'Healed',
      status,
      reason: first?.reason ?? 'NothingLost',
      message: notesOf(input).join('; ').slice(0, 4096),
      lastTransitionTime: was?.status === status ? was.lastTransitionTime : now,
      observedGeneration: workload.generation,
    },
  ]
}

function reasonOf({ problem }: PlacedWorkload, { rows, matching }: Survey): string {
  if (problem !== undefined) return 'NotAdmitted'
  if (matching.total === 0) return 'NoNodes'
  return rows.some(isShort) ? 'TooFewNodes' : 'Selected'
}

/** A chosen node that another one took the place of, as a difference of two reports. */
function moveOf(rows: readonly RowReport[], input: ReportInput): Move | undefined {
  const { before, now } = input
  for (const row of rows) {
    const was = before?.rows?.find(({ id }) => id === row.id)
    if (!was?.nodes || !row.nodes || row.wanted !== was.wanted) continue
    const [had, has] = [slots(was), slots(row)]
    const from = had.find((name) => !has.includes(name))
    const to = has.find((name) => !had.includes(name))
    if (from === undefined) continue
    return { time: now, from, ...(to !== undefined && { to }), reason: whyMoved(from, row, input) }
  }
  return undefined
}

const slots = ({ nodes = [], lost = [] }: RowReport): string[] => [...nodes, ...lost]

function whyMoved(from: string, { facts }: RowReport, { nodes, whyLost }: ReportInput): string {
  const lost = whyLost?.(from)
  if (lost !== undefined) return `${from} is lost: ${lost}`
  const node = nodes.get(from)
  if (!node) return `${from} is gone`
  if (!node.schedulable) return `${from} is cordoned and none of the pods is left on it`
  return `${from} is no longer usable for ${facts}`
}

/** The move that happened between two reports; undefined: none. */
export function newMove(
  before: PlacementStatus | undefined,
  now: PlacementStatus,
): Move | undefined {
  const { lastMove } = now
  return lastMove && !deepEqual(lastMove, before?.lastMove) ? lastMove : undefined
}
