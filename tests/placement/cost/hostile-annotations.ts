/** Annotations made to break who reads them, and what they are answered. */
import type { KubeObject } from '../../../core/admission/types.ts'
import { MARKER, PREFIX } from '../../../core/placement/labels.ts'
import { workload } from '../support.ts'

export const NAMESPACE = 'hostile'

/** `ok`, the code of a refusal of ours, or the status of the API server's own. */
export type Answer = 'ok' | `EDGENET_${string}` | number

type Place = Readonly<Record<string, string>>

const place = (annotations: Place): KubeObject =>
  workload('Deployment', 'hostile', { namespace: NAMESPACE, place: annotations, replicas: 0 })

/** With annotations whose names are as given. */
function annotated(annotations: Place, spec: object = {}): KubeObject {
  const object = place({})
  return {
    ...object,
    metadata: { ...object.metadata, annotations },
    spec: { ...(object['spec'] as object), ...spec },
  }
}

export const DIGITS = '9'.repeat(300)
const ring = (points: string) => `{"type":"Polygon","coordinates":[[${points}]]}`
export const collections = (depth: number) =>
  `${'{"type":"GeometryCollection","geometries":['.repeat(depth)}${']}'.repeat(depth)}`

/** A circle of so many positions, about 20 bytes each. */
export function circle(positions: number): string {
  const points = Array.from({ length: positions }, (_, i) => {
    const angle = (2 * Math.PI * i) / positions
    return `[${(8 + 5 * Math.cos(angle)).toFixed(6)},${(47 + 3 * Math.sin(angle)).toFixed(6)}]`
  })
  return ring([...points, points[0]].join())
}

/** Every position is near every other one: worst for whoever compares each pair of edges. */
const zigzag = (positions: number) =>
  ring(
    [
      ...Array.from({ length: positions }, (_, i) => `[${i % 2},${(i * 40) / positions}]`),
      '[50,41]',
      '[0,0]',
    ].join(),
  )

export const GRAMMAR: Readonly<Record<string, readonly [KubeObject, Answer | readonly Answer[]]>> =
  {
    'prototype keys as annotations': [
      annotated({
        [`${PREFIX}country`]: 'FR',
        constructor: 'x',
        toString: 'y',
        hasOwnProperty: 'z',
      }),
      'ok',
    ],
    'prototype keys under our prefix': [
      annotated({ [`${PREFIX}constructor`]: 'x', [`${PREFIX}country`]: 'FR' }),
      'ok',
    ],
    'a country of that name': [place({ country: 'constructor' }), 'EDGENET_COUNTRY_UNKNOWN'],
    'an area of that name': [place({ area: 'constructor' }), 'EDGENET_AREA_UNKNOWN'],
    'prototype keys in a row': [
      place({ placement: '- __proto__: {country: FR}\n  nodes: 1\n' }),
      'EDGENET_ROW_KEY_UNKNOWN',
    ],
    'prototype keys in GeoJSON': [
      place({ area: '{"__proto__":{"type":"Polygon"},"constructor":[]}' }),
      'EDGENET_GEOMETRY_TYPE',
    ],
    'a number of 300 digits': [place({ country: 'FR', nodes: DIGITS }), 'EDGENET_NODES_INVALID'],
    'a fraction of 300 digits': [
      place({ near: `0.${DIGITS},2 within 10km` }),
      'EDGENET_NEAR_INVALID',
    ],
    'a radius of 300 digits': [place({ near: `48,2 within ${DIGITS}km` }), 'EDGENET_NEAR_INVALID'],
    'coordinates of 300 digits': [
      place({ area: ring(`[0,0],[${DIGITS},0],[0,${DIGITS}],[0,0]`) }),
      'EDGENET_GEOMETRY_RANGE',
    ],
    'coordinates beyond all numbers': [
      place({ area: ring('[0,0],[1e999,0],[0,-1e999],[0,0]') }),
      'EDGENET_GEOMETRY_NUMBER',
    ],
    NaN: [place({ near: 'NaN,NaN within 3km' }), 'EDGENET_NEAR_INVALID'],
    'deep collections': [place({ area: collections(3_000) }), 'EDGENET_GEOMETRY_TOO_DEEP'],
    'deep brackets': [place({ area: '['.repeat(100_000) }), 'EDGENET_VALUE_TOO_LONG'],
    'deep YAML': [place({ placement: '['.repeat(50_000) }), 'EDGENET_PLACEMENT_YAML'],
    'YAML that grows': [
      place({
        placement: `a: &a [x,x,x,x,x,x,x,x,x]\n${Array.from(
          { length: 12 },
          (_, i) =>
            `${'b'.repeat(i + 1)}: &${'b'.repeat(i + 1)} [${Array(9)
              .fill(`*${i === 0 ? 'a' : 'b'.repeat(i)}`)
              .join()}]`,
        ).join('\n')}`,
      }),
      'EDGENET_PLACEMENT_YAML',
    ],
    'an outline of 190 kB': [place({ area: circle(8_500) }), 'ok'],
    'an outline of 240 kB': [place({ area: circle(11_000) }), 'EDGENET_GEOMETRY_TOO_LARGE'],
    'an outline like a saw': [place({ area: zigzag(8_000) }), ['ok', 'EDGENET_GEOMETRY_INVALID']],
    'an outline of 290 kB': [place({ area: circle(13_000) }), 'EDGENET_GEOMETRY_TOO_LARGE'],
    'a list of 60,000 countries': [
      place({ country: 'FR,'.repeat(60_000) }),
      'EDGENET_TOO_MANY_VALUES',
    ],
    'nothing but commas': [place({ country: ','.repeat(200_000) }), 'EDGENET_TOO_MANY_VALUES'],
    'a name of 200 kB': [place({ city: 'ß'.repeat(100_000) }), 'EDGENET_VALUE_TOO_LONG'],
    'half a surrogate pair': [place({ country: '\ud800' }), 'EDGENET_COUNTRY_UNKNOWN'],
    'no character at all': [place({ country: '\u0000' }), 'EDGENET_COUNTRY_UNKNOWN'],
    'text that runs backwards': [place({ country: '\u202eRF' }), 'EDGENET_COUNTRY_UNKNOWN'],
    'letters that look like others': [place({ country: 'FRАNCE' }), 'ok'],
    'an empty list': [place({ country: '' }), 'EDGENET_VALUE_EMPTY'],
    'a marker that is no marker': [
      workload('Deployment', 'hostile', {
        namespace: NAMESPACE,
        place: { country: 'FR' },
        templatePlace: { [MARKER.slice(PREFIX.length)]: '['.repeat(100_000) },
        replicas: 0,
      }),
      'ok',
    ],
  }
