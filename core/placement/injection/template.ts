import type { Kind, Marker } from '../types.ts'
import { type Fields, join, listAt } from '../untyped.ts'
import { podTemplate } from '../workload.ts'
import { type Affinity, readAffinity } from './affinity.ts'
import { markerText, parseMarker } from './marker.ts'

/** The parts of a pod spec that admission writes. */
export interface SpecState {
  readonly spec: Fields
  /** Path of the pod spec, for fields of refusals. */
  readonly field: string
  readonly affinity: Affinity
  readonly spread: readonly unknown[]
}

export interface TemplateState extends SpecState {
  /** The marker's text, also when it is not one that we would have written. */
  readonly text: string | undefined
  readonly marker: Marker | undefined
}

/** Throws Refusal EDGENET_OBJECT_MALFORMED. */
export function specState(spec: Fields, field: string): SpecState {
  const spread = listAt(spec, 'topologySpreadConstraints', field) ?? []
  return { spec, field, affinity: readAffinity(spec, field), spread }
}

/** The pod template of an object. Throws Refusal EDGENET_OBJECT_MALFORMED. */
export function templateState(kind: Kind, object: unknown): TemplateState {
  const { metadata, spec, field } = podTemplate(kind, object)
  const text = markerText(metadata)
  return { ...specState(spec, join(field, 'spec')), text, marker: parseMarker(text) }
}
