import fc from 'fast-check'
import t from 'tap'
import {
  type Edit,
  type Path,
  patchOf,
  pointer,
  removeAt,
  setAt,
} from '../../../core/admission/patch.ts'
import type { PatchOp } from '../../../core/admission/types.ts'
import { deepEqual } from '../../../core/equal.ts'

const annotations = ['metadata', 'annotations'] as const

t.test('pointers escape what RFC 6901 says, in the right order', async (t) => {
  t.equal(pointer([]), '')
  t.equal(pointer(['a', 0, 'b']), '/a/0/b')
  t.equal(pointer(['edge-net.io/country']), '/edge-net.io~1country')
  t.equal(pointer(['~1', '~', '/~']), '/~01/~0/~1~0')
  t.equal(pointer(['']), '/')
})

t.test('the fewest operations, with the parents that are missing', async (t) => {
  const table: [what: string, document: unknown, path: Path, value: unknown, ops: PatchOp[]][] = [
    ['equal', { a: { b: [1, { c: 2 }] } }, ['a', 'b'], [1, { c: 2 }], []],
    ['equal null', { a: null }, ['a'], null, []],
    ['replace', { a: 1 }, ['a'], 2, [{ op: 'replace', path: '/a', value: 2 }]],
    ['null for a value', { a: 1 }, ['a'], null, [{ op: 'replace', path: '/a', value: null }]],
    ['add', { a: {} }, ['a', 'b/c'], 1, [{ op: 'add', path: '/a/b~1c', value: 1 }]],
    ['parents', {}, ['a', 'b', 'c'], 1, [{ op: 'add', path: '/a', value: { b: { c: 1 } } }]],
    ['null parent', { a: null }, ['a', 'b'], 1, [{ op: 'replace', path: '/a', value: { b: 1 } }]],
    ['null in a list', [null], [0, 'b'], 1, [{ op: 'replace', path: '/0', value: { b: 1 } }]],
    ['new list', {}, ['a', 0, 'b'], 1, [{ op: 'add', path: '/a', value: [{ b: 1 }] }]],
    ['append', { a: [7] }, ['a', 1], 8, [{ op: 'add', path: '/a/1', value: 8 }]],
    ['in a list', { a: [7] }, ['a', 0], 8, [{ op: 'replace', path: '/a/0', value: 8 }]],
    ['whole', { a: 1 }, [], { b: 1 }, [{ op: 'replace', path: '', value: { b: 1 } }]],
    ['undefined', { a: 1 }, ['a'], undefined, [{ op: 'remove', path: '/a' }]],
    ['inherited', {}, ['constructor'], 'x', [{ op: 'add', path: '/constructor', value: 'x' }]],
  ]
  for (const [what, document, path, value, ops] of table) {
    t.strictSame(setAt(document, path, value), ops, what)
  }
  t.strictSame(removeAt({ a: { b: 1 } }, ['a', 'b']), [{ op: 'remove', path: '/a/b' }])
  t.strictSame(removeAt({ a: { b: null } }, ['a', 'b']), [{ op: 'remove', path: '/a/b' }])
  for (const absent of [{}, { a: null }, { a: {} }]) {
    t.strictSame(removeAt(absent, ['a', 'b']), [], JSON.stringify(absent))
  }
  t.strictSame(removeAt({ a: {} }, ['a', 'toString']), [], 'an inherited member is not there')
})

t.test('a __proto__ member is one like any other', async (t) => {
  const document: unknown = JSON.parse('{"data":{"__proto__":"x"}}')
  t.strictSame(setAt(document, ['data', '__proto__'], 'x'), [])
  t.strictSame(removeAt(document, ['data', '__proto__']), [
    { op: 'remove', path: '/data/__proto__' },
  ])
  const ops = patchOf({}, [
    { path: ['data', '__proto__', 'polluted'], value: 'yes' },
    { path: ['data', 'b'], value: 1 },
  ])
  t.equal(
    JSON.stringify(ops),
    '[{"op":"add","path":"/data","value":{"__proto__":{"polluted":"yes"}}},{"op":"add","path":"/data/b","value":1}]',
  )
  t.equal(Reflect.get({}, 'polluted'), undefined)
})

t.test('later edits see earlier ones', async (t) => {
  const document = { metadata: { name: 'x' } }
  const edits: Edit[] = [
    { path: [...annotations, 'a'], value: '1' },
    { path: [...annotations, 'b'], value: '2' },
    { path: [...annotations, 'a'], value: '1' },
  ]
  const ops = patchOf(document, edits)
  t.strictSame(ops, [
    { op: 'add', path: '/metadata/annotations', value: { a: '1' } },
    { op: 'add', path: '/metadata/annotations/b', value: '2' },
  ])
  t.strictSame(document, { metadata: { name: 'x' } }, 'the document is untouched')
  t.strictSame(apply(document, ops), { metadata: { name: 'x', annotations: { a: '1', b: '2' } } })
})

t.test('a document of another shape is refused, not broken', async (t) => {
  const cases: [unknown, Path][] = [
    [{ metadata: { annotations: 'text' } }, [...annotations, 'a']],
    [{ metadata: { annotations: [1] } }, [...annotations, 'a']],
    [{ spec: { terms: { 0: 'x' } } }, ['spec', 'terms', 0]],
    [null, ['a']],
    ['text', ['length']],
  ]
  for (const [document, path] of cases) {
    const wanted = { code: 'EDGENET_OBJECT_MALFORMED' }
    t.throws(() => setAt(document, path, 1), wanted, JSON.stringify(document))
    t.throws(() => removeAt(document, path), wanted)
  }
  const text = { metadata: { annotations: 'text' } }
  t.throws(() => setAt(text, [...annotations, 'a'], 1), {
    field: 'metadata.annotations',
    message: 'metadata.annotations must be an object',
  })
  for (const index of [2, -1, 0.5, Number.NaN]) {
    t.throws(() => setAt([7], [index], 1), RangeError, String(index))
  }
  t.throws(() => setAt({}, ['a', 1], 1), RangeError, 'a new list has no second item')
  t.throws(() => removeAt({}, []), TypeError)
})

t.test(
  'applied by an independent interpreter, the operations give the wanted object',
  async (t) => {
    const keys = fc.constantFrom('a', 'b', 'c/d', '~e', '__proto__', 'constructor', '')
    // Lists stand only under `list`, so that a random path fits any random document.
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.constant(null),
        fc.dictionary(keys, tie('tree'), { maxKeys: 4 }),
      ),
    }))
    const leaf = fc.oneof(
      fc.integer(),
      fc.string(),
      fc.constant(null),
      fc.array(fc.integer()),
      tree,
    )
    const edits = fc.array(
      fc.record({
        path: fc.array(keys, { minLength: 1, maxLength: 4 }),
        value: fc.oneof(
          { weight: 3, arbitrary: leaf },
          { weight: 1, arbitrary: fc.constant(undefined) },
        ),
      }),
      { maxLength: 6 },
    )
    let changed = 0
    fc.assert(
      fc.property(fc.dictionary(keys, tree), edits, (document, edits) => {
        const usable = longestFitting(document, edits)
        const before = JSON.stringify(document)
        const ops = patchOf(document, usable)
        const wanted = usable.reduce<unknown>(
          (now, edit) => put(now, edit.path, edit.value),
          document,
        )
        const wire = JSON.parse(JSON.stringify(ops)) as PatchOp[]
        const got = apply(JSON.parse(before), wire)
        if (canonical(got) !== canonical(wanted)) return false
        changed += ops.length
        // And again: nothing is left to do.
        const last = usable.at(-1)
        return (
          JSON.stringify(document) === before &&
          (last === undefined || setAt(got, last.path, last.value).length === 0)
        )
      }),
      { numRuns: 2000 },
    )
    t.ok(changed > 1000, `the runs did change something (${changed})`)
  },
)

t.test('lists: set, grow and remove, applied', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.integer(), fc.constant(null))),
      fc.nat(),
      fc.oneof(fc.integer(), fc.constant(undefined)),
      (list, at, value) => {
        const index = at % (list.length + 1)
        const wanted = list.toSpliced(index, 1, ...(value === undefined ? [] : [value]))
        const ops = setAt({ list }, ['list', index], value)
        const got = apply(structuredClone({ list }), ops)
        return canonical(got) === canonical({ list: wanted }) && ops.length <= 1
      },
    ),
  )
  t.pass('property holds')
})

t.test('deepEqual is equality of JSON', async (t) => {
  const json = fc.jsonValue({ maxDepth: 4 })
  fc.assert(
    fc.property(json, json, (a, b) => deepEqual(a, b) === (canonical(a) === canonical(b))),
    { numRuns: 3000 },
  )
  fc.assert(fc.property(json, (a) => deepEqual(a, JSON.parse(JSON.stringify(a)))))
  const differ: [unknown, unknown][] = [
    [{ a: 1 }, { a: 1, b: 1 }],
    [{ a: 1, b: 1 }, { a: 1 }],
    [
      [1, 2],
      [2, 1],
    ],
    [[], {}],
    [{ 0: 'a', length: 1 }, ['a']],
    [{}, JSON.parse('{"__proto__":1}')],
    [{}, JSON.parse('{"constructor":1}')],
    [{ a: null }, {}],
    [1, '1'],
    [null, {}],
  ]
  for (const [a, b] of differ) {
    t.notOk(deepEqual(a, b), `${JSON.stringify(a)} ${JSON.stringify(b)}`)
    t.notOk(deepEqual(b, a))
  }
  t.ok(deepEqual({ a: undefined, b: 1 }, { b: 1 }), 'undefined is absent')
  t.ok(deepEqual({ b: 1 }, { b: 1, a: undefined }))
  const deep = (inner: string) => JSON.parse('['.repeat(100_000) + inner + ']'.repeat(100_000))
  t.ok(deepEqual(deep('1'), deep('1')), '100,000 levels')
  t.notOk(deepEqual(deep('1'), deep('2')))
})

/** RFC 6902, strict: every operation must meet what it needs. Works in place. */
function apply(document: unknown, ops: readonly PatchOp[]): unknown {
  let root = document
  for (const op of ops) {
    const steps = op.path.split('/').slice(1)
    const names = steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    const last = names.pop()
    if (last === undefined) {
      if (op.op === 'remove') throw new Error('root')
      root = op.value
      continue
    }
    let parent = root
    for (const name of names) parent = get(parent, name)
    change(parent, last, op)
  }
  return root
}

function get(parent: unknown, name: string): unknown {
  if (typeof parent !== 'object' || parent === null || !Object.hasOwn(parent, name)) {
    throw new Error(`no ${name}`)
  }
  return Object.getOwnPropertyDescriptor(parent, name)?.value
}

function change(parent: unknown, name: string, op: PatchOp): void {
  if (op.op !== 'add') get(parent, name)
  if (typeof parent !== 'object' || parent === null) throw new Error(`no parent of ${name}`)
  if (Array.isArray(parent)) {
    if (Number(name) > parent.length) throw new Error('hole')
    const items = op.op === 'remove' ? [] : [op.value]
    parent.splice(Number(name), op.op === 'add' ? 0 : 1, ...items)
  } else if (op.op === 'remove') {
    Reflect.deleteProperty(parent, name)
  } else {
    Object.defineProperty(parent, name, {
      value: op.value,
      configurable: true,
      enumerable: true,
      writable: true,
    })
  }
}

/** The wanted object, made without operations: plain recursion over entries. */
function put(node: unknown, path: Path, value: unknown): unknown {
  const [head, ...rest] = path
  if (head === undefined) return value
  const entries = new Map(Object.entries(node ?? {}))
  if (value === undefined && rest.length > 0 && (entries.get(String(head)) ?? null) === null) {
    return node
  }
  const next = put(entries.get(String(head)), rest, value)
  if (next === undefined) entries.delete(String(head))
  else entries.set(String(head), next)
  return Object.fromEntries(entries)
}

/** The first edits, as far as their paths meet only objects and nulls. */
function longestFitting(document: unknown, edits: readonly Edit[]): readonly Edit[] {
  for (let count = edits.length; count > 0; count--) {
    try {
      patchOf(document, edits.slice(0, count))
      return edits.slice(0, count)
    } catch {}
  }
  return []
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
