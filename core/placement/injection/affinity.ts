import type { Limits } from '../limits.ts'
import type { Marker, Requirement, Term } from '../types.ts'
import {
  type Fields,
  isFields,
  join,
  listAt,
  malformed,
  member,
  objectAt,
  refusal,
} from '../untyped.ts'
import { isEmpty } from './requirements.ts'

/** The innermost of the nested containers of required node affinity that is there. */
export type Base = Marker['base']

export const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution'

/** The required node affinity in a pod spec, taken apart. */
export interface Affinity {
  readonly base: Base
  /** Undefined: there is no requirement; an empty list matches no node. */
  readonly terms: readonly Term[] | undefined
}

/** Reads `affinity` of a pod spec. Throws Refusal EDGENET_OBJECT_MALFORMED. */
export function readAffinity(spec: Fields, field: string): Affinity {
  const affinity = objectAt(spec, 'affinity', field)
  if (!affinity) return { base: 'none', terms: undefined }
  const at = join(field, 'affinity')
  const nodeAffinity = objectAt(affinity, 'nodeAffinity', at)
  if (!nodeAffinity) return { base: 'affinity', terms: undefined }
  const required = objectAt(nodeAffinity, REQUIRED, join(at, 'nodeAffinity'))
  if (!required) return { base: 'nodeAffinity', terms: undefined }
  const inside = join(at, 'nodeAffinity', REQUIRED)
  const terms = listAt(required, 'nodeSelectorTerms', inside) ?? []
  return {
    base: 'required',
    terms: terms.map((term, i) => checkTerm(term, `${inside}.nodeSelectorTerms[${i}]`)),
  }
}

function checkTerm(term: unknown, field: string): Term {
  if (!isFields(term)) throw malformed(field, 'an object')
  for (const name of ['matchExpressions', 'matchFields']) {
    for (const [i, requirement] of (listAt(term, name, field) ?? []).entries()) {
      if (!isRequirement(requirement))
        throw malformed(`${field}.${name}[${i}]`, 'key, operator and a list of values')
    }
  }
  return withoutNulls(term) as Term
}

function isRequirement(value: unknown): value is Requirement {
  if (!isFields(value)) return false
  const values = member(value, 'values') ?? []
  return (
    typeof member(value, 'key') === 'string' &&
    typeof member(value, 'operator') === 'string' &&
    Array.isArray(values) &&
    values.every((each) => typeof each === 'string')
  )
}

const withoutNulls = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))

/**
 * The pod spec's `affinity` with other required terms. Without terms the containers go too, down to
 * `base`, the innermost that the user had; one that holds anything else stays.
 */
export function replaceTerms(
  spec: Fields,
  terms: readonly Term[] | undefined,
  base: Base,
): Fields | undefined {
  const affinity = (member(spec, 'affinity') ?? {}) as Fields
  const nodeAffinity = (member(affinity, 'nodeAffinity') ?? {}) as Fields
  if (terms) {
    const required = (member(nodeAffinity, REQUIRED) ?? {}) as Fields
    const made = { ...required, nodeSelectorTerms: terms }
    return { ...affinity, nodeAffinity: { ...nodeAffinity, [REQUIRED]: made } }
  }
  const inner = omit(nodeAffinity, REQUIRED)
  const keepInner = size(inner) > 0 || base === 'nodeAffinity' || base === 'required'
  const outer = keepInner ? { ...affinity, nodeAffinity: inner } : omit(affinity, 'nodeAffinity')
  return size(outer) > 0 || base !== 'none' ? outer : undefined
}

const size = (fields: Fields): number => Object.keys(fields).length

function omit(fields: Fields, name: string): Fields {
  const { [name]: _, ...others } = fields
  return others
}

/**
 * The user's terms with each of ours: every alternative goes to the end of every term that is not
 * empty; an empty one matches nothing and stays so. Without any requirement the alternatives are the
 * terms. Throws Refusal when the product is too large.
 */
export function multiply(
  terms: readonly Term[] | undefined,
  alternatives: readonly (readonly Requirement[])[],
  { limits, field }: { limits: Limits; field: string },
): Term[] {
  const sources = terms ?? [{}]
  const multiplied = terms ? terms.filter((term) => !isEmpty(term)).length : 1
  const total = multiplied * alternatives.length
  if (total > limits.terms) {
    throw refusal(
      'TOO_MANY_TERMS',
      join(field, 'affinity.nodeAffinity', REQUIRED),
      `${multiplied} terms with ${alternatives.length} alternatives of the placement make ${total}, at most ${limits.terms} are allowed; use fewer rows or areas, or fewer terms`,
    )
  }
  return sources.flatMap((term) => {
    if (terms && isEmpty(term)) return [term]
    return alternatives.map((ours) => ({
      ...term,
      matchExpressions: [...(term.matchExpressions ?? []), ...ours],
    }))
  })
}
