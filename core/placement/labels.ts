import { hash80 } from '../hash.ts'
import type { Area, Kind } from './types.ts'

/** Everything of ours that users see: annotations, geo labels of nodes. */
export const PREFIX = 'edge-net.io/'

/**
 * Labels that decide where pods may run. The API server's NodeRestriction plugin refuses writes by
 * kubelets to `*.node-restriction.kubernetes.io/` in-process.
 */
export const RESTRICTED = 'edge-net.node-restriction.kubernetes.io/'

/** Annotation of the pod template: exactly what admission injected (types.ts, Marker). */
export const MARKER = `${PREFIX}injected`

export { hash80 }

/** The name or hash by which labels and reports know an area. */
export function areaId(area: Area): string {
  switch (area.kind) {
    case 'named':
      return area.name
    case 'shape':
      return area.shape.hash
    case 'circle':
      return hash80('circle', String(area.lat), String(area.lon), String(area.km))
  }
}

/** Label of the nodes inside an area. */
export const areaLabel = (area: Area): string => `${RESTRICTED}area-${areaId(area)}`

/**
 * Label of the located nodes outside an area. Exclusion needs evidence too: with `DoesNotExist` on
 * the area label a node that has not been evaluated yet would be let in.
 */
export const outsideLabel = (area: Area): string => `${RESTRICTED}outside-${areaId(area)}`

/** Label of the nodes chosen for one counted row of one workload; its name is at most 63 characters. */
export function choiceLabel(namespace: string, kind: Kind, name: string, rowId: string): string {
  const slug = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 36)
    .replaceAll(/^-+|-+$/g, '')
  return `${RESTRICTED}use-${slug || 'x'}-${hash80(namespace, kind, name, rowId)}`
}
