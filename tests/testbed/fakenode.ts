import { createHash } from 'node:crypto'
import { findContinent } from '../../core/geo/continents.ts'
import { type Labels, MANUAL_ANNOTATION } from '../../core/location/node-facts.ts'
import { placeLabels } from '../../core/location/place-labels.ts'
import { present } from '../../core/location/types.ts'
import { HEARTBEAT } from './heartbeat.ts'
import type { NodeRow } from './noderow.ts'
import { kubernetesVersion } from './pins.ts'
import { FAKE_LABEL, SERVED_LABEL } from './stages.ts'

const PLACE = ['lat', 'lon', 'country', 'state', 'city', 'continent'] as const
const DEFAULT_ALLOCATABLE = { cpu: '4', memory: '8Gi', pods: '110' }

/** An address of 172.16.0.0/12 that belongs to the name: a node made anew has the same one. */
function internalAddress(name: string): string {
  const bits = createHash('sha256').update(name).digest().readUInt32BE(0) >>> 12
  return `172.${16 + (bits >>> 16)}.${(bits >>> 8) & 255}.${bits & 255}`
}

/** The given place fields, undefined if there is none. */
function place(row: NodeRow): string | undefined {
  const given = PLACE.filter((field) => row[field] !== undefined)
  if (given.length === 0) return undefined
  return JSON.stringify(Object.fromEntries(given.map((field) => [field, row[field]])))
}

/** The geographic labels, written by the bed itself when no EdgeNet runs that would. */
function geoLabels(row: NodeRow): Labels {
  if (place(row) === undefined) return {}
  const { lat, lon, country, state, city, continent } = row
  const code = continent === undefined ? undefined : findContinent(continent)?.code
  return placeLabels(
    present({ lat, lon, country, subdivision: state, city, continent: code }),
    'manual',
  )
}

/** The Node object of a row; with `label`, it carries geographic labels from the beginning. */
export function nodeObject(row: NodeRow, label: boolean): object {
  const { name, address, allocatable = DEFAULT_ALLOCATABLE } = row
  const location = place(row)
  const addresses = [
    { type: 'InternalIP', address: internalAddress(name) },
    { type: 'Hostname', address: name },
    ...(address === undefined ? [] : [{ type: 'ExternalIP', address }]),
  ]
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        [FAKE_LABEL]: 'true',
        [SERVED_LABEL]: 'true',
        ...(label ? geoLabels(row) : {}),
        ...row.labels,
      },
      annotations: {
        [HEARTBEAT]: 'on',
        ...(location === undefined ? {} : { [MANUAL_ANNOTATION]: location }),
      },
    },
    status: {
      addresses,
      allocatable,
      capacity: allocatable,
      nodeInfo: {
        architecture: 'amd64',
        operatingSystem: 'linux',
        kubeletVersion: kubernetesVersion(),
        containerRuntimeVersion: 'fake',
        kernelVersion: 'fake',
        osImage: 'fake',
        kubeProxyVersion: '',
        bootID: '',
        machineID: '',
        systemUUID: '',
      },
    },
  }
}
