import { createHash } from 'node:crypto'
import anyAscii from 'any-ascii'
import { HEARTBEAT } from './heartbeat.ts'
import type { NodeRow } from './noderow.ts'
import { kubernetesVersion } from './pins.ts'
import { FAKE_LABEL, SERVED_LABEL } from './stages.ts'

/** Where a node says that it is; the locator makes labels of it. */
export const LOCATION_ANNOTATION = 'edge-net.io/location'

const PLACE = ['lat', 'lon', 'country', 'state', 'city', 'continent'] as const
const DEFAULT_ALLOCATABLE = { cpu: '4', memory: '8Gi', pods: '110' }

const CONTINENTS: Readonly<Record<string, string>> = {
  AF: 'Africa',
  AN: 'Antarctica',
  AS: 'Asia',
  EU: 'Europe',
  NA: 'North_America',
  OC: 'Oceania',
  SA: 'South_America',
}

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

const labelValue = (text: string): string =>
  anyAscii(text)
    .replaceAll(/[^A-Za-z0-9._-]+/g, '_')
    .replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '')
    .slice(0, 63)

/** Letter and signed number, as EdgeNet always wrote them: `n37.423000`, `w-122.163900`. */
const degrees = (value: number, positive: string, negative: string): string =>
  `${value < 0 ? negative : positive}${value.toFixed(6)}`

/** The geographic labels, written by the bed itself when no EdgeNet runs that would. */
function geoLabels({ lat, lon, country, state, city, continent }: NodeRow): Record<string, string> {
  const labels: Record<string, string | undefined> = {
    continent: continent && (CONTINENTS[continent] ?? labelValue(continent)),
    'country-iso': country,
    'state-iso': state,
    city: city && labelValue(city),
    lat: lat === undefined ? undefined : degrees(lat, 'n', 's'),
    lon: lon === undefined ? undefined : degrees(lon, 'e', 'w'),
  }
  const known = Object.entries(labels).filter(([, value]) => value !== undefined)
  return Object.fromEntries(known.map(([key, value]) => [`edge-net.io/${key}`, value as string]))
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
        ...(location === undefined ? {} : { [LOCATION_ANNOTATION]: location }),
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
