/**
 * Equality of two JSON values, as the API server would see them: a member that is `undefined` counts
 * as absent, the order of keys does not matter, that of lists does.
 *
 * Walks with its own stack: a request may nest deeper than the call stack allows.
 */
export function deepEqual(left: unknown, right: unknown): boolean {
  const pairs: [unknown, unknown][] = [[left, right]]
  for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
    const [a, b] = pair
    if (a === b) continue
    if (!isContainer(a) || !isContainer(b) || !sameMembers(a, b)) return false
    for (const key of Object.keys(a)) pairs.push([own(a, key), own(b, key)])
  }
  return true
}

/** Whether `b` is of the same sort as `a` and holds nothing under a key that `a` does not have. */
function sameMembers(a: Container, b: Container): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length
  if (Array.isArray(a) || Array.isArray(b)) return false
  return Object.keys(b).every((key) => Object.hasOwn(a, key) || b[key] === undefined)
}

type Container = Readonly<Record<string, unknown>>

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null
}

/** An inherited member (`constructor`) is not a member of a JSON object. */
function own(container: Container, key: string): unknown {
  return Object.hasOwn(container, key) ? container[key] : undefined
}
