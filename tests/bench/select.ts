import { AreaIndex } from '../../core/placement/choice/area-index.ts'
import { FactTable } from '../../core/placement/choice/fact-table.ts'
import { Hosts } from '../../core/placement/choice/hosts.ts'
import { selectNodes } from '../../core/placement/choice/select.ts'
import type { SelectInput } from '../../core/placement/choice/select-types.ts'
import { warnings } from '../../core/placement/report/explain.ts'
import { survey } from '../../core/placement/report/survey.ts'
import type { NodeView, Row } from '../../core/placement/types.ts'
import {
  asCurrent,
  byName,
  CITY_NAMES,
  CONDITIONS,
  inputOf,
  nodeIn,
  outline,
  rowOf,
} from '../core/placement/nodes.ts'
import type { Figure } from './figure.ts'

interface Measured {
  readonly what: string
  /** Milliseconds of the main thread's CPU time per unit: a busy machine does not change them. */
  readonly ms: number
  readonly unit: string
  readonly bar?: string
}

const NODES = 5000
const ROWS = 500

/** Nodes strewn around the cities, hundreds of kilometres wide, always the same. */
function world(): ReadonlyMap<string, NodeView> {
  return byName(
    Array.from({ length: NODES }, (_, i) => {
      const city = CITY_NAMES[i % CITY_NAMES.length] ?? 'Paris'
      const node = nodeIn(city, `edge-${i}`)
      const { lat, lon } = node.place ?? { lat: 0, lon: 0 }
      return {
        ...node,
        place: { lat: lat + ((i * 7) % 61) / 12 - 2.5, lon: lon + ((i * 13) % 67) / 9 - 3.7 },
      }
    }),
  )
}

const rowFor = (i: number): Row =>
  rowOf(`row-${i}`, {
    nodes: 1 + (i % 20),
    attributes: [
      { key: 'edge-net.io/city', operator: 'In', values: CITY_NAMES.slice(i % 5, (i % 5) + 2) },
    ],
  })

/** CPU time of one of several runs: the clock of a thread is coarse. */
function time(run: () => void, runs = 1): number {
  const before = process.threadCpuUsage()
  for (let i = 0; i < runs; i++) run()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1000 / runs
}

/** As the processes have it: one table of nodes that is kept, and many workloads that look at it. */
function lookAt(table: FactTable, input: SelectInput): SelectInput {
  return { ...input, nodes: table, hosts: new Hosts(table, input.conditions) }
}

const choose = (table: FactTable, input: SelectInput) => selectNodes(lookAt(table, input))

/** 500 counted rows, each of a workload of its own, over 5,000 nodes. */
function manyWorkloads(table: FactTable): Measured[] {
  const inputs = Array.from({ length: ROWS }, (_, i) =>
    inputOf([rowFor(i)], table, { workload: `ns/Deployment/w${i}` }),
  )
  const run = (all: readonly SelectInput[]) => all.map((input) => choose(table, input))
  let results = run(inputs.slice(0, 20))
  const fresh =
    time(() => {
      results = run(inputs)
    }) / ROWS
  const settled = inputs.map((input, i) => ({
    ...input,
    current: asCurrent(results[i]?.chosen ?? new Map()),
  }))
  const calm = time(() => run(settled), 10) / ROWS
  const lost = new Set([...(results[7]?.chosen.values() ?? [])].flat().slice(0, 1))
  const hit = settled.map((input) => ({ ...input, conditions: { ...CONDITIONS, lost } }))
  const loss = time(() => run(hit), 10)
  return [
    { what: 'first choice of one row', ms: fresh, unit: 'row' },
    { what: 'settled row looked at again', ms: calm, unit: 'row' },
    { what: `one lost node, all ${ROWS} rows looked at`, ms: loss, unit: 'loss' },
  ]
}

/** The greatest single workloads that the grammar allows. */
function greatWorkloads(table: FactTable): Measured[] {
  const rows = Array.from({ length: 32 }, (_, i) => rowFor(i))
  const all = Array.from({ length: 32 }, (_, i) => rowOf(`row-${i}`, { nodes: 1000 }))
  const great = (list: readonly Row[]) => time(() => choose(table, inputOf(list, table)), 5)
  return [
    { what: '32 rows that overlap', ms: great(rows), unit: 'workload' },
    { what: '32 rows that want 1,000 of the same nodes', ms: great(all), unit: 'workload' },
    { what: '1,000 of all nodes, spread', ms: great(all.slice(0, 1)), unit: 'workload' },
  ]
}

/** A 10,000-vertex outline: membership of all nodes, and the texts of an apply that comes up short. */
function outlines(nodes: Iterable<NodeView>): Measured[] {
  const index = new AreaIndex()
  const table = FactTable.of(nodes, index.inside)
  const row = rowOf('r', { anyOf: [{ kind: 'shape', shape: outline(10_000) }], nodes: NODES })
  const conditions = { ...CONDITIONS, inside: index.inside }
  const input = inputOf([row], table, { conditions })
  const cold = time(() => table.verdicts(row))
  const warm = time(() => table.verdicts(row), 50)
  const apply = () => {
    const look = lookAt(table, input)
    return warnings(survey(look, selectNodes(look), index), { replicas: 3, spread: 'strict' })
  }
  const first = time(apply)
  return [
    {
      what: 'outline of 10,000 vertices, all nodes, cold',
      ms: cold,
      unit: 'selection',
      bar: 'under 50 ms',
    },
    { what: 'the same, warm', ms: warm, unit: 'selection', bar: 'under 5 ms' },
    { what: 'choice and warnings of a row that is short, first time', ms: first, unit: 'apply' },
    { what: 'the same, again', ms: time(apply, 20), unit: 'apply' },
  ]
}

function benchSelect(): Measured[] {
  const nodes = world()
  const table = FactTable.of(nodes.values(), CONDITIONS.inside)
  return [...manyWorkloads(table), ...greatWorkloads(table), ...outlines(nodes.values())]
}

/** Measures choosing and explaining on 5,000 nodes, with no I/O. */
export function selectFigures(): Figure[] {
  return benchSelect().map(({ what, ms, unit, bar }) => ({
    what,
    ours: `${ms.toFixed(3)} ms CPU per ${unit}`,
    ...(bar !== undefined && { beside: bar }),
  }))
}
