import { readFileSync } from 'node:fs'
import { feature } from 'topojson-client'
import { readShape } from '../../../core/geo/geojson.ts'
import type { Ring } from '../../../core/geo/types.ts'

/** A window on the equirectangular map: polygon edges are straight in it, as they are decided. */
interface Frame {
  /** Pixels per degree, and pixels of the left top corner. */
  readonly scale: number
  readonly left: number
  readonly top: number
  /** Degrees. */
  readonly west: number
  readonly north: number
  readonly east: number
  readonly south: number
}

const WORLD: Frame = { scale: 4, left: 0, top: 0, west: -180, north: 80, east: 180, south: -60 }
/** Where the examples crowd, enlarged over the empty Pacific. */
const EUROPE: Frame = { scale: 9, left: 8, top: 312, west: -11, north: 62, east: 31, south: 35.5 }

const WIDTH = 1440
const HEIGHT = 560
const LEGEND = 30

const round = (n: number) => Math.round(n * 10) / 10
const x = (frame: Frame, lon: number) => round(frame.left + (lon - frame.west) * frame.scale)
const y = (frame: Frame, lat: number) => round(frame.top + (frame.north - lat) * frame.scale)
const widthOf = ({ east, west, scale }: Frame) => (east - west) * scale
const heightOf = ({ north, south, scale }: Frame) => (north - south) * scale

export interface MapNode {
  readonly name: string
  readonly lat: number
  readonly lon: number
}
export interface MapPod {
  readonly workload: string
  readonly node: string
}
export interface MapArea {
  readonly workload: string
  readonly rings: readonly Ring[]
}
export interface MapContent {
  readonly nodes: readonly MapNode[]
  readonly pods: readonly MapPod[]
  readonly areas: readonly MapArea[]
}

const COLOURS = [
  '#d1495b',
  '#00798c',
  '#edae49',
  '#5b4db1',
  '#3a9d5d',
  '#c05fa8',
  '#30638e',
  '#8a5a00',
]

/** An SVG world map (width 1440) of nodes, the outlines that were asked for, and pods coloured by workload. */
export function worldMap(content: MapContent): string {
  const workloads = [...new Set(content.pods.map((p) => p.workload))].sort()
  const colour = (workload: string) =>
    COLOURS[workloads.indexOf(workload) % COLOURS.length] ?? '#444'
  const height = HEIGHT + LEGEND * Math.ceil((workloads.length + 1) / 4) + 20
  const rings = land()
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="15">`,
    '<title>Nodes, areas and pods of the demo</title>',
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    ...[WORLD, EUROPE].flatMap((frame) => picture(frame, rings, content, colour)),
    ...legend(workloads, colour, content.pods),
    '</svg>',
  ].join('\n')
}

type Colour = (workload: string) => string

function picture(
  frame: Frame,
  rings: readonly Ring[],
  { nodes, pods, areas }: MapContent,
  colour: Colour,
): string[] {
  const box = `x="${frame.left}" y="${frame.top}" width="${widthOf(frame)}" height="${heightOf(frame)}"`
  const id = `frame-${frame.left}`
  const seen = nodes.filter(({ lat, lon }) => isIn(frame, lat, lon))
  return [
    `<clipPath id="${id}"><rect ${box}/></clipPath><g clip-path="url(#${id})">`,
    `<rect ${box} fill="#eaf2f8"/>`,
    `<path d="${rings.map((ring) => path(frame, ring)).join('')}" fill="#d9dfd6" stroke="#b4bdb0" stroke-width=".6"/>`,
    ...areas.flatMap((a) => a.rings.map((ring) => outline(frame, ring, colour(a.workload)))),
    ...seen.map((n) => nodeMark(frame, n)),
    ...seen.flatMap((n) =>
      podMarks(
        frame,
        n,
        pods.filter((p) => p.node === n.name),
        colour,
      ),
    ),
    `</g><rect ${box} fill="none" stroke="#8a9aa8"/>`,
  ]
}

const isIn = ({ west, east, north, south }: Frame, lat: number, lon: number) =>
  lon >= west && lon <= east && lat >= south && lat <= north

/** Coastlines; a ring that crosses the antimeridian is drawn on both sides, and clipped. */
function land(): Ring[] {
  const url = import.meta.resolve('world-atlas/land-110m.json')
  const topology = JSON.parse(readFileSync(new URL(url), 'utf8'))
  const shape = readShape(feature(topology, topology.objects.land), 'land')
  return shape.polygons.flat().flatMap((ring) => [-360, 0, 360].map((turn) => shifted(ring, turn)))
}

const shifted = (ring: Ring, turn: number): Ring => ring.map(([lon, lat]) => [lon + turn, lat])

const path = (frame: Frame, ring: Ring) =>
  `M${ring.map(([lon, lat]) => `${x(frame, lon)} ${y(frame, lat)}`).join('L')}Z`

const outline = (frame: Frame, ring: Ring, colour: string) =>
  `<path d="${path(frame, ring)}" fill="${colour}" fill-opacity=".12" stroke="${colour}" stroke-width="1.5" stroke-dasharray="5 3"/>`

const nodeMark = (frame: Frame, n: MapNode) =>
  `<circle cx="${x(frame, n.lon)}" cy="${y(frame, n.lat)}" r="3.5" fill="#fff" stroke="#555"><title>${escapeXml(n.name)}</title></circle>`

/** Pods of one node stand in a ring around it, so that several stay visible. */
function podMarks(frame: Frame, n: MapNode, pods: readonly MapPod[], colour: Colour): string[] {
  return pods.map((p, i) => {
    const angle = (2 * Math.PI * i) / pods.length - Math.PI / 2
    const r = pods.length === 1 ? 0 : 6
    const cx = round(x(frame, n.lon) + r * Math.cos(angle))
    const cy = round(y(frame, n.lat) + r * Math.sin(angle))
    return `<circle cx="${cx}" cy="${cy}" r="5" fill="${colour(p.workload)}" stroke="#fff"><title>${escapeXml(p.workload)} on ${escapeXml(n.name)}</title></circle>`
  })
}

function legend(workloads: readonly string[], colour: Colour, pods: readonly MapPod[]): string[] {
  const entries = workloads.map((w) => ({
    mark: `<circle r="6" fill="${colour(w)}"/>`,
    text: `${w} (${pods.filter((p) => p.workload === w).length})`,
  }))
  entries.push({ mark: '<circle r="4" fill="#fff" stroke="#555"/>', text: 'node' })
  return entries.map(({ mark, text }, i) => {
    const left = 30 + (i % 4) * (WIDTH / 4)
    const top = HEIGHT + 24 + Math.floor(i / 4) * LEGEND
    return `<g transform="translate(${left} ${top})">${mark}<text x="14" y="5">${escapeXml(text)}</text></g>`
  })
}

const escapeXml = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
