/** Wrong inputs, as a user of kubectl meets them: what it says, and that nothing is stored. */
import type { Test } from 'tap'
import { PREFIX } from '../../../core/placement/labels.ts'
import { KINDS, type Kind } from '../../../core/placement/types.ts'
import { forEachParallel } from '../../../platform/parallel.ts'
import { apply, type Cloud, create, namespaces, pathOf, workload } from '../support.ts'

const NAMESPACE = 'refused'

/** `kubectl` processes at a time. */
const PARALLEL = 4

interface Mistake {
  readonly code: string
  readonly place: Readonly<Record<string, string>>
  /** Of the annotation at fault, when it is not the only one given. */
  readonly key?: string
  /** What kubectl says behind the field. */
  readonly says: RegExp
}

const ring = (...positions: readonly (readonly number[])[]) =>
  JSON.stringify({ type: 'Polygon', coordinates: [positions] })

const circles = Array.from({ length: 40 }, (_, i) => `${i},0 within 1km`).join(';')

/** One of each code that annotations can meet. */
const MISTAKES: readonly Mistake[] = [
  {
    code: 'ANNOTATION_UNKNOWN',
    place: { contry: 'FR' },
    says: /did you mean edge-net\.io\/country\?/,
  },
  {
    code: 'CONTINENT_UNKNOWN',
    place: { continent: 'Europa' },
    says: /did you mean Europe \(EU\)\?/,
  },
  {
    code: 'COUNTRY_UNKNOWN',
    place: { country: 'DE, Frnace' },
    says: /"Frnace"; did you mean France \(FR\)\?/,
  },
  { code: 'STATE_UNQUALIFIED', place: { state: 'CA' }, says: /needs its country, like US\/CA/ },
  { code: 'STATE_INVALID', place: { state: 'US/California' }, says: /like US\/CA/ },
  { code: 'CITY_INVALID', place: { city: 'FR/IDF/Paris/5' }, says: /write City, COUNTRY\/City/ },
  {
    code: 'DEPTH_MIXED',
    place: { city: 'Paris, DE/Berlin' },
    says: /write all of them as City, or all/,
  },
  { code: 'AREA_UNKNOWN', place: { area: 'iberai' }, says: /did you mean iberia\?/ },
  { code: 'AREA_NAME_INVALID', place: { area: '!Alps' }, says: /did you mean "alps"\?/ },
  {
    code: 'NODES_INVALID',
    place: { country: 'FR', nodes: '0' },
    key: 'nodes',
    says: /from 1 to 1000/,
  },
  { code: 'NODES_INVALID', place: { nodes: 'NaN' }, says: /must be a whole number/ },
  {
    code: 'NEAR_INVALID',
    place: { near: '148.8,2.35 within 5km' },
    says: /did you mean "2\.35,148\.8"\?/,
  },
  { code: 'VALUE_EMPTY', place: { country: 'FR,,DE' }, says: /superfluous comma/ },
  { code: 'VALUE_TOO_LONG', place: { country: 'x'.repeat(200) }, says: /longer than 128/ },
  {
    code: 'VALUE_CONTRADICTION',
    place: { country: 'FR, !France' },
    says: /both wanted and excluded/,
  },
  {
    code: 'TOO_MANY_VALUES',
    place: { country: Array(300).fill('FR').join() },
    says: /at most 256/,
  },
  { code: 'SELECTION_EMPTY', place: { spread: 'soft' }, says: /says nothing without a place/ },
  {
    code: 'SPREAD_INVALID',
    place: { country: 'FR', spread: 'stict' },
    key: 'spread',
    says: /did you mean strict\?/,
  },
  {
    code: 'ON_NODE_LOSS_INVALID',
    place: { country: 'FR', 'on-node-loss': 'replac' },
    key: 'on-node-loss',
    says: /did you mean replace\?/,
  },
  {
    code: 'PLACEMENT_YAML',
    place: { placement: '- country: !RU' },
    says: /needs quotes, like country: "!RU" \(line 1/,
  },
  {
    code: 'PLACEMENT_MIXED',
    place: { placement: '- country: FR', country: 'DE' },
    key: 'country',
    says: /move it into the rows/,
  },
  { code: 'ROW_KEY_UNKNOWN', place: { placement: '- contry: FR' }, says: /did you mean country\?/ },
  { code: 'ROW_EMPTY', place: { placement: '- {}' }, says: /give it a place, or nodes/ },
  {
    code: 'ANNOTATION_TYPE',
    place: { placement: '- country: [yes, {a: b}]' },
    says: /must be text/,
  },
  { code: 'TOO_MANY_ROWS', place: { placement: '- nodes: 1\n'.repeat(33) }, says: /at most 32/ },
  {
    code: 'TOO_MANY_TERMS',
    place: { placement: `- near: "${circles}"\n`.repeat(2) },
    key: '',
    says: /at most 64/,
  },
  { code: 'GEOMETRY_NOT_JSON', place: { area: '{"type":' }, says: /not valid JSON/ },
  {
    code: 'GEOMETRY_TYPE',
    place: { area: '{"type":"Point","coordinates":[1,2]}' },
    says: /annotation near for a radius/,
  },
  {
    code: 'GEOMETRY_UNCLOSED',
    place: { area: ring([0, 0], [1, 0], [1, 1], [0, 1]) },
    says: /add \[0, 0\] as its last/,
  },
  {
    code: 'GEOMETRY_SWAPPED',
    place: { area: ring([48, 120], [49, 120], [49, 121], [48, 120]) },
    says: /did you mean \[120, 48\]\?/,
  },
  {
    code: 'GEOMETRY_ZERO_AREA',
    place: { area: ring([0, 0], [1, 1], [2, 2], [0, 0]) },
    says: /not on one line/,
  },
  { code: 'GEOMETRY_POSITIONS', place: { area: ring([0, 0], [1, 1], [0, 0]) }, says: /at least 4/ },
  {
    code: 'GEOMETRY_NUMBER',
    place: { area: ring([0, 0], [7, 0], [1, 1], [0, 0]).replace('7', `1${'0'.repeat(400)}`) },
    says: /must be a finite number of degrees/,
  },
]

const escaped = (text: string) => text.replaceAll(/[[\].]/g, '\\$&')

/** Each mistake on another kind in turn. */
export async function refusals(t: Test, cloud: Cloud): Promise<void> {
  const { bed } = cloud
  await namespaces(bed, NAMESPACE)
  const cases = MISTAKES.map((mistake, i) => ({
    mistake,
    kind: KINDS[i % KINDS.length] as Kind,
    i,
  }))
  await forEachParallel(cases, PARALLEL, async ({ mistake, kind, i }) => {
    const { code, place, key = Object.keys(place)[0], says } = mistake
    const object = workload(kind, `no-${i}`, { namespace: NAMESPACE, place })
    const answer = await apply(bed, object)
    const what = `${code} of a ${kind}`
    t.equal(answer.code, 1, what)
    const field = key ? escaped(`metadata.annotations[${PREFIX}${key}]`) : 'metadata\\.annotations'
    t.match(answer.stderr, new RegExp(`The ${kind} "no-${i}" is invalid: ${field}`), what)
    t.match(answer.stderr, says, what)
    t.match(answer.stderr, `[EDGENET_${code}]`, what)
    t.equal(
      answer.stderr.split('metadata.annotations').length,
      2,
      `${what}: the field is named once`,
    )
  })
  await others(t, cloud)
  for (const kind of KINDS) {
    const path = pathOf(workload(kind, 'any', { namespace: NAMESPACE }), true)
    const stored = (await bed.admin.listAll(path)).map(({ metadata }) => metadata.name)
    t.strictSame(stored, kind === 'Pod' ? ['fixed-pod'] : kind === 'Job' ? ['fixed-job'] : [], kind)
  }
}

/** What is refused for another reason than the annotations alone. */
async function others(t: Test, { bed }: Cloud): Promise<void> {
  const place = { country: 'NZ' }
  const pinned = workload('Deployment', 'pinned', {
    namespace: NAMESPACE,
    place,
    pod: { nodeName: 'fr-paris-1' },
  })
  const { code, stderr } = await apply(bed, pinned)
  t.equal(code, 1)
  t.match(stderr, /spec\.template\.spec\.nodeName: bypasses the scheduler.*\[EDGENET_NODE_NAME\]/)

  for (const kind of ['Pod', 'Job'] as const) {
    const name = `fixed-${kind.toLowerCase()}`
    // Without pods of its own: they would be counted with the bare ones.
    const spec = kind === 'Job' ? { parallelism: 0 } : {}
    const object = workload(kind, name, { namespace: NAMESPACE, place, spec })
    await create(bed, object)
    const change = ['annotate', '--overwrite', '-n', NAMESPACE, kind, name, `${PREFIX}country=FJ`]
    const answer = await bed.kubectl(change)
    t.equal(answer.code, 1)
    t.match(
      answer.stderr,
      /delete the (Pod|Job) and create it again.*\[EDGENET_PLACEMENT_IMMUTABLE\]/,
    )
    const other = ['annotate', '-n', NAMESPACE, kind, name, 'example.org/note=x']
    t.equal((await bed.kubectl(other)).code, 0, 'an annotation of somebody else may change')
  }
}
