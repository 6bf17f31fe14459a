import type { NodeView, Requirement, Taint, Term, Toleration } from '../types.ts'

type Labels = Readonly<Record<string, string>>

const INT64_MAX = 2n ** 63n - 1n
const INT64_MIN = -(2n ** 63n)

/** Go's strconv.ParseInt(text, 10, 64): a sign is allowed, spaces and fractions are not. */
function int64(text: string | undefined): bigint | undefined {
  const digits = text === undefined ? null : /^([+-]?)0*(\d{1,19})$/.exec(text)
  if (!digits) return undefined
  const value = BigInt(`${digits[1] === '-' ? '-' : ''}${digits[2]}`)
  return value > INT64_MAX || value < INT64_MIN ? undefined : value
}

function compares(labels: Labels, { key, operator, values }: Requirement): boolean {
  const limit = values?.length === 1 ? int64(values[0]) : undefined
  const value = Object.hasOwn(labels, key) ? int64(labels[key]) : undefined
  if (limit === undefined || value === undefined) return false
  return operator === 'Gt' ? value > limit : value < limit
}

/**
 * Whether labels meet a requirement, as the scheduler decides it. `NotIn` is met where the key is
 * absent. A requirement that the scheduler could not parse (no values for In, two for Gt, an
 * unknown operator) is met by nothing.
 */
export function matchesRequirement(labels: Labels, requirement: Requirement): boolean {
  const { key, operator } = requirement
  const values = requirement.values ?? []
  const has = Object.hasOwn(labels, key)
  switch (operator) {
    case 'In':
      return has && values.includes(labels[key] as string)
    case 'NotIn':
      return values.length > 0 && !(has && values.includes(labels[key] as string))
    case 'Exists':
      return has && values.length === 0
    case 'DoesNotExist':
      return !has && values.length === 0
    case 'Gt':
    case 'Lt':
      return compares(labels, requirement)
    default:
      return false
  }
}

/** `matchFields` knows one field, metadata.name, and one value for it. */
function matchesField(name: string, { key, operator, values }: Requirement): boolean {
  if (key !== 'metadata.name' || values?.length !== 1) return false
  if (operator === 'In') return values[0] === name
  return operator === 'NotIn' && values[0] !== name
}

/** Whether a node meets all of a term; an empty term is met by no node. */
export function matchesTerm(node: Pick<NodeView, 'name' | 'labels'>, term: Term): boolean {
  const expressions = term.matchExpressions ?? []
  const fields = term.matchFields ?? []
  if (expressions.length === 0 && fields.length === 0) return false
  return (
    expressions.every((requirement) => matchesRequirement(node.labels, requirement)) &&
    fields.every((requirement) => matchesField(node.name, requirement))
  )
}

/** Whether a node meets a required node affinity: any of its terms. Undefined: none is required. */
export function matchesAffinity(
  node: Pick<NodeView, 'name' | 'labels'>,
  terms: readonly Term[] | undefined,
): boolean {
  return terms === undefined || terms.some((term) => matchesTerm(node, term))
}

/** Whether labels hold every entry of a pod's nodeSelector. */
export function matchesNodeSelector(labels: Labels, selector: Labels): boolean {
  return Object.entries(selector).every(
    ([key, value]) => Object.hasOwn(labels, key) && labels[key] === value,
  )
}

/**
 * Whether a toleration covers a taint. The operators Lt and Gt of Kubernetes 1.35 are alpha and off
 * by default, and then the scheduler takes them as no match; so do we.
 */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false
  if (toleration.key && toleration.key !== taint.key) return false
  switch (toleration.operator ?? '') {
    case '':
    case 'Equal':
      return (toleration.value ?? '') === (taint.value ?? '')
    case 'Exists':
      return true
    default:
      return false
  }
}

/** The first taint that keeps the pods off; PreferNoSchedule keeps nothing off. */
export function untoleratedTaint(
  taints: readonly Taint[],
  tolerations: readonly Toleration[],
): Taint | undefined {
  return taints.find(
    (taint) =>
      (taint.effect === 'NoSchedule' || taint.effect === 'NoExecute') &&
      !tolerations.some((toleration) => tolerates(toleration, taint)),
  )
}
