import { compileCircle, compileShape } from '../../geo/compile.ts'
import type { Place } from '../../geo/distance.ts'
import type { CompiledArea, Shape } from '../../geo/types.ts'
import { areaId } from '../labels.ts'
import type { Area, NodeView } from '../types.ts'
import { COUNTRY_LABEL, isLocated } from './membership.ts'
import { type Verdicts, VerdictTable } from './verdicts.ts'

/** What a named area stands for: a GeoArea holds exactly one of the two. */
export type AreaDefinition =
  | { readonly shape: Shape }
  /** ISO 3166-1 alpha-2. */
  | { readonly countries: readonly string[] }

/** The geometry that the index needs (core/geo). */
export interface AreaCompiler {
  shape(shape: Shape): CompiledArea
  circle(lat: number, lon: number, km: number): CompiledArea
}

const COMPILER: AreaCompiler = { shape: compileShape, circle: compileCircle }

export interface IndexLimits {
  /** Areas whose verdicts are remembered; one costs a byte per node. */
  readonly areas: number
  /** Vertices of the outlines that are held compiled, in total. */
  readonly vertices: number
}

/** 2,000 areas of 5,000 nodes are 10 MB of verdicts; a million vertices are about 100 outlines of 10,000. */
export const INDEX_LIMITS: IndexLimits = { areas: 2000, vertices: 1_000_000 }

const ANCHORS = 16

type Outline = Extract<Area, { kind: 'shape' | 'circle' }>

interface Entry {
  readonly verdicts: Verdicts
  readonly vertices: number
  compiled?: CompiledArea
  /** By the index's clock of uses. */
  used: number
  evicted: boolean
}

function vertices(area: Outline): number {
  if (area.kind === 'circle') return 1
  return area.shape.polygons.flat().reduce((sum, ring) => sum + ring.length, 0)
}

/**
 * Says which nodes lie in which areas, and remembers it: an outline is compiled once, and a node is
 * tested against it once for as long as it stays where it is. In memory only; equal shapes are one
 * area, under whatever name.
 */
export class AreaIndex {
  readonly #compiler: AreaCompiler
  readonly #limits: IndexLimits
  readonly #table = new VerdictTable()
  readonly #named = new Map<string, Outline | ReadonlySet<string>>()
  readonly #entries = new Map<string, Entry>()
  /** Shortcut from the objects that callers hold to the entries. */
  readonly #byObject = new WeakMap<object, Entry>()
  /** Entries that hold an outline, in the order in which they were compiled. */
  readonly #compiled = new Set<Entry>()
  #vertices = 0
  #clock = 0

  constructor(compiler: AreaCompiler = COMPILER, limits: IndexLimits = INDEX_LIMITS) {
    this.#compiler = compiler
    this.#limits = limits
  }

  /** Sets what a named area stands for; undefined: it does not exist (any more). */
  define(name: string, definition: AreaDefinition | undefined): void {
    if (!definition) this.#named.delete(name)
    else if ('shape' in definition)
      this.#named.set(name, { kind: 'shape', shape: definition.shape })
    else this.#named.set(name, new Set(definition.countries))
  }

  isDefined(name: string): boolean {
    return this.#named.has(name)
  }

  /** Forgets a node that is gone. */
  forget(node: string): void {
    this.#table.forget(node)
  }

  /** Whether a node lies in an area; undefined: the area is not defined or the node not located. */
  readonly inside = (area: Area, node: NodeView): boolean | undefined => {
    const { place } = node
    if (!isLocated(node)) return undefined
    const target = this.#target(area)
    if (target === undefined) return undefined
    if (!('kind' in target)) return target.has(node.labels[COUNTRY_LABEL] ?? '')
    if (!place) return undefined
    const entry = this.#entry(target)
    const slot = this.#table.slot(node.name, place)
    return entry.verdicts.at(slot, () =>
      this.#outline(target, entry).contains(place.lat, place.lon),
    )
  }

  /**
   * Kilometres from a node to an area, 0 inside; undefined where there is no outline to measure to
   * (not defined, a list of countries) or the node is not located. Not remembered.
   */
  distanceKm(area: Area, node: NodeView): number | undefined {
    const target = this.#target(area)
    if (!node.place || target === undefined || !('kind' in target)) return undefined
    return this.#outline(target, this.#entry(target)).distanceKm(node.place.lat, node.place.lon)
  }

  /** At most ANCHORS places on the outline, evenly taken, or the centre of a circle; none without outline. */
  anchors(area: Area): readonly Place[] {
    const target = this.#target(area)
    if (target === undefined || !('kind' in target)) return []
    if (target.kind === 'circle') return [target]
    const outline = target.shape.polygons.flatMap(([outer = []]) => outer)
    const step = Math.max(1, Math.ceil(outline.length / ANCHORS))
    return outline.filter((_, i) => i % step === 0).map(([lon, lat]) => ({ lat, lon }))
  }

  #target(area: Area): Outline | ReadonlySet<string> | undefined {
    return area.kind === 'named' ? this.#named.get(area.name) : area
  }

  #entry(area: Outline): Entry {
    const object = area.kind === 'shape' ? area.shape : area
    let entry = this.#byObject.get(object)
    if (!entry || entry.evicted) {
      const key = `${area.kind} ${areaId(area)}`
      entry = this.#entries.get(key) ?? this.#add(key, area)
      this.#byObject.set(object, entry)
    }
    entry.used = ++this.#clock
    return entry
  }

  #add(key: string, area: Outline): Entry {
    const entry: Entry = {
      verdicts: this.#table.verdicts(),
      vertices: vertices(area),
      used: ++this.#clock,
      evicted: false,
    }
    this.#entries.set(key, entry)
    if (this.#entries.size > this.#limits.areas) this.#evict()
    return entry
  }

  /** Drops the tenth that was used longest ago, so that the sort is paid for rarely. */
  #evict(): void {
    const oldest = [...this.#entries].sort(([, a], [, b]) => a.used - b.used)
    const keep = Math.ceil(this.#limits.areas * 0.9)
    for (const [key, entry] of oldest.slice(0, this.#entries.size - keep)) {
      this.#entries.delete(key)
      this.#table.drop(entry.verdicts)
      this.#release(entry)
      entry.evicted = true
    }
  }

  #outline(area: Outline, entry: Entry): CompiledArea {
    if (entry.compiled) return entry.compiled
    entry.compiled =
      area.kind === 'shape'
        ? this.#compiler.shape(area.shape)
        : this.#compiler.circle(area.lat, area.lon, area.km)
    this.#compiled.add(entry)
    this.#vertices += entry.vertices
    const outline = entry.compiled
    for (const other of this.#compiled) {
      if (this.#vertices <= this.#limits.vertices) break
      if (other !== entry) this.#release(other)
    }
    return outline
  }

  /** Verdicts outlive the outline: they answer for every node that has not moved. */
  #release(entry: Entry): void {
    if (!this.#compiled.delete(entry)) return
    delete entry.compiled
    this.#vertices -= entry.vertices
  }
}
