import { Refusal } from '../../refusal.ts'
import { RESTRICTED } from '../labels.ts'

export interface Limits {
  /** Rows with a count, over all workloads of one tenant. */
  readonly rowsPerTenant: number
  /** Different areas (shapes, circles, names), over all workloads of one tenant. */
  readonly areasPerTenant: number
  /** Labels of ours on one node: areas and choices. */
  readonly labelsPerNode: number
}

/**
 * A label of ours is at most 41 + 63 bytes of key, about 110 in JSON, so 400 of them are 44 kB: far
 * below the 100 kB that we let a Node grow to (every watcher of Nodes pays for each byte, and etcd
 * refuses objects of 1.5 MB). A row or an area is at most one label on a node, so that a tenant alone,
 * with 200 and 100 of them, cannot fill one.
 */
export const DEFAULT_LIMITS: Limits = {
  rowsPerTenant: 200,
  areasPerTenant: 100,
  labelsPerNode: 400,
}

/**
 * Labels of ours on one node at the very most: choices stop at labelsPerNode, areas here, whoever they
 * belong to. 700 of about 110 bytes are 77 kB.
 */
export const MOST_LABELS = 700

/** What selections use of what is limited. */
export interface Usage {
  /** Rows with a count. */
  readonly rows: number
  /** Areas by areaId. */
  readonly areas: ReadonlySet<string>
}

const NOTHING: Usage = { rows: 0, areas: new Set() }

const FIELD = 'metadata.annotations'

/**
 * Whether a workload may use what it wants, beside what the other workloads of its tenant use
 * (`others`). `before` is what the workload uses already: asking for no more than that is always
 * granted, so that a cap that was lowered blocks no edit that reduces. Undefined: it may.
 */
export function checkCaps(
  others: Usage,
  wanted: Usage,
  limits: Limits,
  before: Usage = NOTHING,
): Refusal | undefined {
  const rows = others.rows + wanted.rows
  if (rows > limits.rowsPerTenant && wanted.rows > before.rows) {
    return tooMany('EDGENET_TOO_MANY_SELECTIONS', 'rows with a number of nodes', {
      wanted: wanted.rows,
      used: others.rows,
      limit: limits.rowsPerTenant,
    })
  }
  const fresh = [...wanted.areas].filter((area) => !others.areas.has(area))
  const grows = fresh.some((area) => !before.areas.has(area))
  if (others.areas.size + fresh.length > limits.areasPerTenant && grows) {
    return tooMany('EDGENET_TOO_MANY_AREAS', 'different areas', {
      wanted: fresh.length,
      used: others.areas.size,
      limit: limits.areasPerTenant,
    })
  }
  return undefined
}

function tooMany(
  code: string,
  what: string,
  { wanted, used, limit }: { wanted: number; used: number; limit: number },
): Refusal {
  return new Refusal(
    code,
    FIELD,
    `this workload asks for ${wanted} ${what}, your other workloads use ${used}, and the limit is ${limit} in all: ` +
      `use at most ${Math.max(0, limit - used)} here, remove workloads that you no longer need, or ask the administrator for a higher limit`,
  )
}

/** How many labels of ours a node carries. */
export function ownLabels(labels: Readonly<Record<string, string>>): number {
  return Object.keys(labels).filter((key) => key.startsWith(RESTRICTED)).length
}

/** Whether a node can take no further label of ours; it then cannot be chosen anew. */
export function atLabelCap(labels: Readonly<Record<string, string>>, limits: Limits): boolean {
  return ownLabels(labels) >= limits.labelsPerNode
}
