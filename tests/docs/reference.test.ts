/** The reference against what it describes: nothing is missing in it, and nothing is in it that is not there. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { GEO_LABELS } from '../../core/location/node-facts.ts'
import { DEFAULT_LIMITS } from '../../core/placement/choice/caps.ts'
import { selectionOf } from '../../core/placement/grammar/annotations.ts'
import { KEYS } from '../../core/placement/grammar/keys.ts'
import { PREFIX } from '../../core/placement/labels.ts'
import { LIMITS } from '../../core/placement/limits.ts'
import { rowWords } from '../../core/placement/report/words.ts'
import { Refusal } from '../../core/refusal.ts'
import { fieldsOf, manifests, rightsOf } from './chart.ts'
import { type Block, blocksOf, codesIn, namesIn, pages, ROOT, rowsOf, textOf } from './markdown.ts'
import { errorCodes, metrics, variables } from './source.ts'

const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort()

t.test('error codes', async (t) => {
  const documented = namesIn(textOf('docs/reference/errors.md'))
  t.same(documented, sorted(documented), 'each is listed once')
  t.same(documented, sorted(errorCodes()))
})

t.test('metrics', async (t) => {
  const rows = rowsOf(textOf('docs/reference/metrics.md')).filter(({ cells }) => cells.length === 4)
  const documented = rows.map(({ cells: [name, type = '', labels] }) => {
    return [...codesIn(name), type, ...codesIn(labels).sort()].join(' ')
  })
  const registered = await metrics()
  t.same(
    documented.sort(),
    registered
      .map(({ name, type, labels }) => [name, type, ...[...labels].sort()].join(' '))
      .sort(),
  )
})

t.test('settings', async (t) => {
  const text = textOf('docs/reference/settings.md')
  const documented = namesIn(text, (heading) => heading !== 'Test bed')
  t.same(documented, sorted(variables()))
  const env = (await manifests(true)).flatMap(
    ({ spec }) => spec?.template?.spec.containers.flatMap(({ env }) => env) ?? [],
  )
  for (const { name } of env) t.ok(documented.includes(name), `the chart's ${name} is documented`)
})

t.test('dependencies', async (t) => {
  const { dependencies, devDependencies } = JSON.parse(textOf('package.json')) as {
    readonly dependencies: object
    readonly devDependencies: object
  }
  t.same(
    namesIn(textOf('docs/reference/dependencies.md')),
    sorted([...Object.keys(dependencies), ...Object.keys(devDependencies)]),
  )
})

t.test('kinds', async (t) => {
  const objects = await manifests()
  const text = textOf('docs/reference/kinds.md')
  for (const kind of ['GeoArea', 'Placement']) {
    const documented = namesIn(text, (heading) => heading.startsWith(kind))
    const top = ['spec', 'status'].map((part) => `${part}.conditions`)
    const defined = fieldsOf(objects, kind)
    t.ok(defined.length > 5)
    t.same(
      documented.filter((field) => !top.includes(field)),
      sorted(defined.filter((field) => !top.includes(field))),
      kind,
    )
  }
})

t.test('rights', async (t) => {
  const documented = rowsOf(textOf('docs/reference/rbac.md')).flatMap(({ heading, cells }) => {
    const kind = heading.split(' ')[0]
    const [name] = codesIn(heading)
    const verbs = (cells[1] ?? '').split(', ')
    return codesIn(cells[0]).flatMap((resource) =>
      verbs.map((verb) => `${kind} ${name}: ${resource}: ${verb}`),
    )
  })
  t.same(documented.sort(), sorted(rightsOf(await manifests())))
})

t.test('labels', async (t) => {
  const text = textOf('docs/reference/labels.md')
  t.same(
    namesIn(text, (heading) => heading === 'Where a node is'),
    [...GEO_LABELS].sort(),
  )
})

t.test('annotations', async (t) => {
  const text = textOf('docs/reference/annotations.md')
  const keys = rowsOf(text)
    .filter(({ heading }) => heading === 'Placement annotations')
    .flatMap(({ cells }) => codesIn(cells[0]))
  t.same(keys.sort(), [...KEYS].sort(), 'the table has all keys')
  const examples = blocksOf(text).filter(({ info }) => info === 'yaml')
  for (const key of KEYS) {
    t.ok(
      examples.some(({ text }) => text.includes(`${PREFIX}${key}:`)),
      `${key} has an example`,
    )
  }
  for (const example of examples) {
    t.same(reading(example), comments(example), `line ${example.line}`)
  }
})

t.test('numbers', async (t) => {
  const flat = (path: string) => textOf(path).replaceAll('\n', ' ')
  const annotations = flat('docs/reference/annotations.md')
  t.match(annotations, `1 to ${LIMITS.nodes}`)
  t.match(annotations, `At most ${LIMITS.rows} rows, ${LIMITS.values} values`)
  t.match(annotations, `${LIMITS.terms} alternatives`)
  const errors = flat('docs/reference/errors.md')
  t.match(errors, `more than ${DEFAULT_LIMITS.rowsPerTenant} rows with a number`)
  t.match(errors, `more than ${DEFAULT_LIMITS.areasPerTenant} different areas`)
  t.match(flat('docs/reference/labels.md'), `carries ${DEFAULT_LIMITS.labelsPerNode} of them`)
})

/** What the comments of an example say: the rows in words, or the code of the refusal. */
const comments = ({ text }: Block): string[] =>
  text.split('\n').flatMap((line) => (line.startsWith('# ') ? line.slice(2) : []))

function reading({ text }: Block): string[] {
  const annotations = parse(text) as Record<string, string>
  const object = { metadata: { annotations }, spec: { template: { spec: {} } } }
  try {
    return selectionOf('Deployment', object)?.rows.map(rowWords) ?? []
  } catch (error) {
    if (error instanceof Refusal) return [error.code]
    throw error
  }
}

t.test('pages', async (t) => {
  for (const page of pages()) {
    const text = textOf(page)
    const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '')
    if (page.startsWith('docs/')) t.ok(text.split('\n').length <= 165, `${page} is short`)
    for (const [, target = ''] of prose.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (/^https?:/.test(target)) continue
      t.ok(existsSync(join(ROOT, dirname(page), target)), `${page}: ${target} exists`)
    }
  }
})

t.test('scripts', async (t) => {
  const { scripts } = JSON.parse(textOf('package.json')) as { readonly scripts: object }
  for (const page of pages()) {
    for (const [, name = ''] of textOf(page).matchAll(/npm run (?:-s )?([a-z:]+)/g))
      t.ok(Object.hasOwn(scripts, name), `${page}: npm run ${name}`)
  }
})
