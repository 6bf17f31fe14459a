import { deepEqual } from '../equal.ts'
import { Refusal } from '../refusal.ts'
import type { PatchOp } from './types.ts'

/** One step into a document: a string is a member of an object, a number an index of a list. */
export type Segment = string | number
export type Path = readonly Segment[]

/** A wish: `value` at `path`; without a value, nothing there. */
export interface Edit {
  readonly path: Path
  readonly value?: unknown
}

/** The JSON Pointer (RFC 6901) of a path. */
export function pointer(path: Path): string {
  return path
    .map((segment) => `/${String(segment).replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('')
}

/**
 * The operations after which `value` stands at `path`: none if it stands there already, else one.
 * Missing parents are made (`null` counts as missing, as it does to Kubernetes); a list grows by an
 * index equal to its length. `undefined` as value removes.
 *
 * Throws Refusal when the object has something else where the path expects an object or a list.
 */
export function setAt(document: unknown, path: Path, value: unknown): PatchOp[] {
  if (value === undefined) return removeAt(document, path)
  let node = document
  for (const [depth, segment] of path.entries()) {
    const here = path.slice(0, depth + 1)
    const rest = path.slice(depth + 1)
    const child = childOf(node, segment, here)
    if (!child.exists) return [{ op: 'add', path: pointer(here), value: nest(rest, value) }]
    if (rest.length > 0 && child.value === null) {
      // Not `add`: on a list that would insert.
      return [{ op: 'replace', path: pointer(here), value: nest(rest, value) }]
    }
    node = child.value
  }
  return deepEqual(node, value) ? [] : [{ op: 'replace', path: pointer(path), value }]
}

/** The operations after which nothing stands at `path`: none or one. Throws as setAt does. */
export function removeAt(document: unknown, path: Path): PatchOp[] {
  if (path.length === 0) throw new TypeError('a whole document cannot be removed')
  let node = document
  for (const [depth, segment] of path.entries()) {
    const child = childOf(node, segment, path.slice(0, depth + 1))
    if (!child.exists) return []
    if (child.value === null && depth < path.length - 1) return []
    node = child.value
  }
  return [{ op: 'remove', path: pointer(path) }]
}

/**
 * Several edits, each seeing what the ones before it made: two annotations on an object without any
 * must not both make `/metadata/annotations`, or the second would wipe the first. The document itself
 * is not changed.
 */
export function patchOf(document: unknown, edits: readonly Edit[]): PatchOp[] {
  const ops: PatchOp[] = []
  let current = document
  for (const { path, value } of edits) {
    const made = setAt(current, path, value)
    if (made.length === 0) continue
    ops.push(...made)
    current = withValue(current, path, value)
  }
  return ops
}

interface Child {
  readonly exists: boolean
  readonly value?: unknown
}

function childOf(node: unknown, segment: Segment, here: Path): Child {
  if (typeof segment === 'number') {
    if (!Array.isArray(node)) throw malformed(here, 'a list')
    if (!Number.isInteger(segment) || segment < 0 || segment > node.length) {
      throw new RangeError(`index ${segment} is outside the list at ${pointer(here.slice(0, -1))}`)
    }
    return { exists: segment < node.length, value: node[segment] }
  }
  if (!isObject(node)) throw malformed(here, 'an object')
  return Object.hasOwn(node, segment) ? { exists: true, value: node[segment] } : { exists: false }
}

/** `value` wrapped in the containers that `path` needs. */
function nest(path: Path, value: unknown): unknown {
  return path.reduceRight<unknown>((inner, segment) => {
    if (typeof segment === 'string') return { [segment]: inner }
    if (segment !== 0) throw new RangeError(`a new list begins at 0, not at ${segment}`)
    return [inner]
  }, value)
}

/** A copy of `node` with `value` at `path`; what is beside the path is shared. */
function withValue(node: unknown, path: Path, value: unknown): unknown {
  const [segment, ...rest] = path
  if (segment === undefined) return value
  if (typeof segment === 'number') {
    const list = Array.isArray(node) ? node : []
    const next = withValue(list[segment], rest, value)
    return list.toSpliced(segment, 1, ...(next === undefined ? [] : [next]))
  }
  const { [segment]: child, ...others } = isObject(node) ? node : {}
  const next = withValue(child, rest, value)
  // A computed key makes `__proto__` a plain member, which an assignment would not.
  return next === undefined ? others : { ...others, [segment]: next }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function malformed(here: Path, wanted: string): Refusal {
  const parent = here.slice(0, -1).join('.') || 'the object'
  return new Refusal('EDGENET_OBJECT_MALFORMED', parent, `${parent} must be ${wanted}`)
}
