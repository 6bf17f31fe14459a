import fc from 'fast-check'
import t from 'tap'
import { matchesAffinity } from '../../../core/placement/choice/match.ts'
import { MARKER } from '../../../core/placement/labels.ts'
import { KINDS, type Kind, type Term } from '../../../core/placement/types.ts'
import {
  admit,
  edited,
  expression,
  type Json,
  REQUIRED,
  templateOf,
  withAnnotations,
  workload,
} from './workloads.ts'

const NEUTRAL = [
  expression('disk', 'ssd'),
  expression('zone', 'a', 'b'),
  { key: 'cores', operator: 'Gt', values: ['4'] },
  { key: 'old', operator: 'DoesNotExist' },
]
/** Requirements of users, among them some that are ours as well. */
const anyRequirement = fc.constantFrom<unknown>(
  ...NEUTRAL,
  expression('edge-net.io/country-iso', 'FR'),
  expression('edge-net.io/country-iso', 'DE'),
  expression('edge-net.io/country-iso'),
  expression('edge-net.io/continent', 'Europe'),
  expression('edge-net.node-restriction.kubernetes.io/area-eu'),
)
const fieldRequirement = fc.constantFrom({ key: 'metadata.name', operator: 'In', values: ['n1'] })

/** A list that the API server would leave out is left out. */
const list = (name: string, item: fc.Arbitrary<unknown>, maxLength: number) =>
  fc.array(item, { maxLength }).map((items): Json => (items.length > 0 ? { [name]: items } : {}))
function specOf(requirement: fc.Arbitrary<unknown>): fc.Arbitrary<Json> {
  const term = fc
    .tuple(list('matchExpressions', requirement, 4), list('matchFields', fieldRequirement, 1))
    .map(([expressions, fields]) => ({ ...expressions, ...fields }))
  const required = fc
    .array(term, { minLength: 1, maxLength: 4 })
    .map((terms) => ({ [REQUIRED]: { nodeSelectorTerms: terms } }))
  const preferred = fc.constant({
    preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1 }],
  })
  const nodeAffinity = fc
    .tuple(fc.option(required, { nil: {} }), fc.option(preferred, { nil: {} }))
    .map(([hard, soft]) => ({ ...hard, ...soft }))
  const affinity = fc.record(
    { nodeAffinity, podAffinity: fc.constant({ x: [] }) },
    { requiredKeys: [] },
  )
  return fc.record({ affinity: fc.option(affinity, { nil: undefined }), spread }).map((own) => ({
    ...(own.affinity && { affinity: own.affinity }),
    ...(own.spread.length > 0 && { topologySpreadConstraints: own.spread }),
  }))
}

const spread = fc.subarray([
  { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' },
  { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule' },
  { maxSkew: 2, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' },
])
const userSpec = specOf(anyRequirement)
const neutralSpec = specOf(fc.constantFrom<unknown>(...NEUTRAL))

const annotations = fc.constantFrom<Record<string, string>>(
  { country: 'FR' },
  { country: '!RU' },
  { country: 'FR', nodes: '3' },
  { continent: 'EU', country: 'FR' },
  { area: 'eu' },
  { area: 'eu, alps', country: '!DE' },
  { area: '!alps', nodes: '2' },
  { near: '1,2 within 5km; 3,4 within 5km' },
  { near: '1,2', nodes: '2' },
  { placement: '- country: FR\n- country: DE' },
  { placement: '- country: FR\n- country: FR' },
  { placement: '- country: FR\n- country: FR\n  continent: EU\n- nodes: 2' },
  { placement: '- country: FR\n  nodes: 3\n- country: DE\n  nodes: 2', spread: 'soft' },
)

/** Kinds whose template may change. */
const kind = fc.constantFrom<Kind>(...KINDS.filter((each) => each !== 'Pod' && each !== 'Job'))
const runs = { numRuns: 1500 }

t.test('what was put in is taken out, and nothing else', async () => {
  fc.assert(
    fc.property(kind, userSpec, annotations, (kind, spec, wanted) => {
      const plain = workload(kind, { spec })
      const stored = admit(kind, withAnnotations(plain, wanted))
      return same(admit(kind, withAnnotations(stored, undefined), { stored }), plain)
    }),
    runs,
  )
})

t.test('twice is once, at creation and at update', async () => {
  fc.assert(
    fc.property(fc.constantFrom(...KINDS), userSpec, annotations, (kind, spec, wanted) => {
      const stored = admit(kind, workload(kind, { spec, annotations: wanted }))
      return admit(kind, stored) === stored && admit(kind, stored, { stored }) === stored
    }),
    runs,
  )
})

t.test('the way to a selection does not matter', async () => {
  fc.assert(
    fc.property(kind, userSpec, annotations, annotations, (kind, spec, first, second) => {
      const plain = workload(kind, { spec })
      const before = admit(kind, withAnnotations(plain, first))
      const changed = admit(kind, withAnnotations(before, second), { stored: before })
      return same(changed, admit(kind, withAnnotations(plain, second)))
    }),
    runs,
  )
})

t.test('a client that applies its own manifest again changes nothing', async () => {
  fc.assert(
    fc.property(kind, userSpec, annotations, fc.boolean(), (kind, spec, wanted, keepMarker) => {
      const manifest = workload(kind, { spec, annotations: wanted })
      const stored = admit(kind, manifest)
      const reset = edited(kind, stored, (podSpec, marks) => {
        // What a client does not mention stays; what it mentions, it overwrites.
        if (spec['affinity'] !== undefined) podSpec['affinity'] = structuredClone(spec['affinity'])
        if (!keepMarker) delete marks[MARKER]
      })
      return same(admit(kind, reset, { stored }), stored)
    }),
    runs,
  )
})

t.test('an update of other fields has no patch', async () => {
  fc.assert(
    fc.property(kind, userSpec, annotations, fc.string(), (kind, spec, wanted, text) => {
      const stored = admit(kind, workload(kind, { spec, annotations: wanted }))
      const next = edited(kind, stored, (podSpec, marks) => {
        podSpec['serviceAccountName'] = text
        marks['other'] = text
      })
      return admit(kind, next, { stored }) === next
    }),
    runs,
  )
})

/** As `kubectl apply` of another manifest: what it holds is written over what is stored. */
function applyOver(
  kind: Kind,
  stored: ReturnType<typeof workload>,
  spec: Json,
): ReturnType<typeof workload> {
  return edited(kind, stored, (podSpec) => {
    delete podSpec['affinity']
    delete podSpec['topologySpreadConstraints']
    Object.assign(podSpec, structuredClone(spec))
  })
}

t.test('a client that applies another manifest gets what it would get at creation', async () => {
  fc.assert(
    fc.property(kind, neutralSpec, neutralSpec, annotations, (kind, first, second, wanted) => {
      const stored = admit(kind, workload(kind, { spec: first, annotations: wanted }))
      const next = admit(kind, applyOver(kind, stored, second), { stored })
      return same(next, admit(kind, workload(kind, { spec: second, annotations: wanted })))
    }),
    runs,
  )
})

t.test(
  'also with expressions like ours it is bound by all that it says, by nothing less',
  async () => {
    const single = annotations.filter(
      ({ placement, area, near }) => !placement && !area?.includes(',') && !near?.includes(';'),
    )
    fc.assert(
      fc.property(
        kind,
        userSpec,
        userSpec,
        single,
        fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
        (kind, first, second, wanted, [fr, europe, disk, zone, cores, area]) => {
          const stored = admit(kind, workload(kind, { spec: first, annotations: wanted }))
          const next = admit(kind, applyOver(kind, stored, second), { stored })
          const fresh = admit(kind, workload(kind, { spec: second, annotations: wanted }))
          const labels = {
            'edge-net.io/country-iso': fr ? 'FR' : 'DE',
            ...(europe && { 'edge-net.io/continent': 'Europe' }),
            ...(disk && { disk: 'ssd' }),
            ...(zone && { zone: 'a' }),
            ...(cores && { cores: '8' }),
            ...(area &&
              Object.fromEntries(ourLabels(kind, fresh).map((key) => [key, ''] as const))),
          }
          const lets = (object: ReturnType<typeof workload>) =>
            matchesAffinity({ name: 'n1', labels }, termsOf(kind, object))
          return !lets(next) || lets(fresh)
        },
      ),
      { numRuns: 4000 },
    )
  },
)

/** A hand's change of one term: a requirement of it or the whole of it goes, or a requirement comes. */
const hand = fc.record({
  at: fc.nat(20),
  inside: fc.nat(20),
  what: fc.constantFrom('term', 'requirement', 'add', 'copy'),
})

t.test('after any edit of terms by hand the pods are bound as the annotations say', async () => {
  const node = fc.record({
    country: fc.constantFrom('FR', 'DE', 'RU'),
    area: fc.boolean(),
  })
  fc.assert(
    fc.property(
      kind,
      userSpec,
      annotations,
      fc.array(hand, { minLength: 1, maxLength: 3 }),
      node,
      (kind, spec, wanted, hands, { country, area }) => {
        const stored = admit(kind, workload(kind, { spec, annotations: wanted }))
        const got = admit(
          kind,
          edited(kind, stored, (podSpec) => {
            for (const each of hands) change(podSpec, each)
          }),
          { stored },
        )
        const again = admit(kind, got, { stored: got })
        const bare = admit(kind, workload(kind, { annotations: wanted }))
        const labels = {
          'edge-net.io/country-iso': country,
          'edge-net.io/continent': 'Europe',
          disk: 'ssd',
          zone: 'a',
          cores: '8',
          ...(area && Object.fromEntries(ourLabels(kind, bare).map((key) => [key, ''] as const))),
        }
        const lets = (object: ReturnType<typeof workload>) =>
          matchesAffinity({ name: 'n1', labels }, termsOf(kind, object))
        return again === got && (!lets(got) || lets(bare))
      },
    ),
    { numRuns: 4000 },
  )
})

function change(
  podSpec: Json,
  { at, inside, what }: { at: number; inside: number; what: string },
): void {
  const list = requiredTerms(podSpec)
  const picked = list?.[at % list.length]
  if (!list || !picked) return
  const { matchExpressions = [] } = picked
  if (what === 'term') list.splice(at % list.length, 1)
  else if (what === 'copy') list.push(structuredClone(picked))
  else if (what === 'add')
    picked.matchExpressions = [
      ...matchExpressions,
      { key: 'disk', operator: 'In', values: ['ssd'] },
    ]
  else matchExpressions.splice(inside % Math.max(1, matchExpressions.length), 1)
}

function requiredTerms(podSpec: Json): Term[] | undefined {
  const nodeAffinity = (podSpec['affinity'] as Json | undefined)?.['nodeAffinity'] as
    | Json
    | undefined
  return (nodeAffinity?.[REQUIRED] as { nodeSelectorTerms: Term[] } | undefined)?.nodeSelectorTerms
}

const termsOf = (kind: Kind, object: ReturnType<typeof workload>) =>
  requiredTerms(templateOf(kind, object).spec)

/** The labels of areas and choices that a template asks for. */
const ourLabels = (kind: Kind, object: ReturnType<typeof workload>): string[] =>
  (termsOf(kind, object) ?? [])
    .flatMap(({ matchExpressions = [] }) => matchExpressions.map(({ key }) => key))
    .filter((key) => key.startsWith('edge-net.node-restriction'))

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
}

/** With keys in order, since patches append. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  )
}
