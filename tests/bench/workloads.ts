import { PREFIX } from '../../core/placement/labels.ts'

export type Annotations = Readonly<Record<string, string>>

const placement = (values: Annotations): Annotations =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [PREFIX + key, value]))

/** A polygon of a few hundred kilometres around a place in degrees. */
const polygon = (lat: number, lon: number, size: number): string =>
  JSON.stringify({
    type: 'Polygon',
    coordinates: [
      [
        [lon - size, lat - size],
        [lon + size, lat - size],
        [lon + size * 1.2, lat + size],
        [lon - size, lat + size],
        [lon - size, lat - size],
      ],
    ],
  })

const BIG = 1000

/** What users ask for, each as the i-th of them. `fresh`: an area that nobody has asked for before. */
export const SELECTIONS: Readonly<Record<string, (i: number) => Annotations>> = {
  country: () => placement({ country: 'FR, DE' }),
  exclusion: () => placement({ continent: 'Europe', country: '!RU' }),
  polygon: (i) => placement({ area: polygon(48, 5, 3 + (i % 20) / 10) }),
  'fresh polygon': (i) => placement({ area: polygon(40 + (i % 997) / 100, 5 + i / 1000, 4) }),
  counted: (i) => placement({ country: i % 2 ? 'FR' : 'US', nodes: String(1 + (i % 20)) }),
  'counted in a polygon': (i) =>
    placement({ area: polygon(48, 5, 3 + (i % 20) / 10), nodes: String(1 + (i % 10)) }),
  'nearest 5': (i) => placement({ near: `${48 + (i % 7)},${2 + (i % 11)}`, nodes: '5' }),
  '3 + 2': () => placement({ placement: '- country: FR\n  nodes: 3\n- country: DE\n  nodes: 2\n' }),
  'short of nodes': () => placement({ country: 'FR', nodes: String(BIG) }),
  'short in a polygon': (i) =>
    placement({ area: polygon(45, -35, 2 + (i % 20) / 10), nodes: String(1 + (i % 10)) }),
  'misspelt city': () => placement({ city: 'FR/Pari' }),
  'not placed': () => ({}),
}

export const KINDS_OF_SELECTION = Object.keys(SELECTIONS)

/** The i-th annotations of a mix of all of SELECTIONS. */
export function mixed(i: number): Annotations {
  const kind = KINDS_OF_SELECTION[i % KINDS_OF_SELECTION.length] ?? ''
  return SELECTIONS[kind]?.(Math.floor(i / KINDS_OF_SELECTION.length)) ?? {}
}

export interface WorkloadOptions {
  readonly namespace: string
  readonly annotations: Annotations
  /** Bytes of JSON, about. Default: as few as there can be. */
  readonly bytes?: number
}

/** A Deployment without replicas: it is selected for, and no pod is made. */
export function deployment(name: string, options: WorkloadOptions) {
  const { namespace, annotations, bytes = 0 } = options
  const labels = { app: name }
  const full = (env: readonly object[]) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, annotations },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name: 'main',
              image: 'registry.example/app:1',
              resources: { requests: { cpu: '10m', memory: '16Mi' } },
              env,
            },
          ],
        },
      },
    },
  })
  const variable = (i: number) => ({ name: `SETTING_${i}`, value: 'x'.repeat(60) })
  const missing = bytes - JSON.stringify(full([])).length
  const each = JSON.stringify(variable(10)).length + 1
  return full(Array.from({ length: Math.max(0, Math.ceil(missing / each)) }, (_, i) => variable(i)))
}
