/** All the ways in which people and tools write a workload again that they did not change. */
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { KubeObject } from '../../../core/admission/types.ts'
import { MARKER, PREFIX } from '../../../core/placement/labels.ts'
import type { Kind } from '../../../core/placement/types.ts'
import type { Testbed } from '../../testbed/index.ts'
import { type Cloud, namespaces, pathOf, workload } from '../support.ts'
import { get, markerOf, run, settled, unrolled } from './state.ts'

const NAMESPACE = 'writing'

/** What the user has of their own: it must be kept, and must not confuse. */
const OWN = {
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [
          { matchExpressions: [{ key: 'kubernetes.io/os', operator: 'In', values: ['linux'] }] },
          { matchExpressions: [{ key: 'kubernetes.io/arch', operator: 'Exists' }] },
        ],
      },
    },
  },
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'topology.kubernetes.io/zone',
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: {},
    },
  ],
}

const OWN_TERMS =
  OWN.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms

interface Subject {
  readonly bed: Testbed
  /** What the user has in a file. */
  readonly manifest: KubeObject
  /** Whether that has affinity and spread of its own. */
  readonly own: boolean
  /** `deployment/name` */
  readonly target: string
}

type Way = (subject: Subject) => Promise<unknown>

const kubectl = ({ bed }: Subject, args: readonly string[], input?: string) =>
  run(bed, [...args, '-n', NAMESPACE], input)

const apply =
  (...args: readonly string[]): Way =>
  (subject) =>
    kubectl(subject, ['apply', ...args, '-f', '-'], JSON.stringify(subject.manifest))

const onTarget =
  (command: string, ...args: readonly string[]): Way =>
  (subject) =>
    kubectl(subject, [command, subject.target, ...args])

/** The same places in other words. */
async function reworded(subject: Subject): Promise<void> {
  const { metadata, ...rest } = subject.manifest
  const annotations = { ...metadata.annotations, [`${PREFIX}country`]: ' Germany ,France' }
  await apply()({ ...subject, manifest: { ...rest, metadata: { ...metadata, annotations } } })
  const { metadata: stored } = await get(subject.bed, subject.manifest)
  if (stored.annotations?.[`${PREFIX}country`] !== ' Germany ,France') throw new Error('not stored')
  await apply()(subject)
}

const patch = ({ bed, manifest }: Subject, operations: readonly object[]) =>
  bed.admin.patch(pathOf(manifest), operations, 'json')

const TEMPLATE = '/spec/template'
const MARKER_PATH = `${TEMPLATE}/metadata/annotations/${MARKER.replace('/', '~1')}`
const AFFINITY = `${TEMPLATE}/spec/affinity`
const TERMS = `${AFFINITY}/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms`
const SPREAD = `${TEMPLATE}/spec/topologySpreadConstraints`

const removeMarker = { op: 'remove', path: MARKER_PATH }
/** Somebody deletes what is not theirs. */
const removeOurs = ({ own }: Subject) =>
  own ? { op: 'replace', path: TERMS, value: OWN_TERMS } : { op: 'remove', path: AFFINITY }
const removeSpread = ({ own }: Subject) =>
  own
    ? { op: 'replace', path: SPREAD, value: OWN.topologySpreadConstraints }
    : { op: 'remove', path: SPREAD }
const hasSpread = ({ manifest }: Subject) => manifest.kind !== 'DaemonSet'

/** In this order: each begins with what the one before has left. */
const WAYS: Readonly<Record<string, Way>> = {
  'kubectl apply': apply(),
  'kubectl apply of the same places in other words': reworded,
  'kubectl replace': (subject) =>
    kubectl(subject, ['replace', '-f', '-'], JSON.stringify(subject.manifest)),
  'kubectl apply after a replace': apply(),
  'kubectl edit': onTarget('edit'),
  'kubectl annotate': onTarget('annotate', 'example.org/a=1'),
  'kubectl label': onTarget('label', 'example.org/b=2'),
  'the whole object as it was read': async (subject) => {
    const text = await onTarget('get', '-o', 'json')(subject)
    return kubectl(subject, ['apply', '-f', '-'], String(text))
  },
  'kubectl apply, server-side': apply('--server-side', '--force-conflicts'),
  'kubectl apply, server-side, again': apply('--server-side', '--force-conflicts'),
  'kubectl apply, server-side, by another manager': apply(
    '--server-side',
    '--field-manager=gitops',
    '--force-conflicts',
  ),
  'kubectl apply, client-side, after that': apply(),
  'the marker removed by hand': (subject) => patch(subject, [removeMarker]),
  'our expressions removed by hand': (subject) => patch(subject, [removeOurs(subject)]),
  'our expressions and the marker removed by hand': (subject) =>
    patch(subject, [removeMarker, removeOurs(subject)]),
  'the spread constraint removed by hand': (subject) =>
    hasSpread(subject) ? patch(subject, [removeSpread(subject)]) : Promise.resolve(),
  'all of it removed by hand': (subject) =>
    patch(subject, [
      removeMarker,
      removeOurs(subject),
      ...(hasSpread(subject) ? [removeSpread(subject)] : []),
    ]),
  'another answer to the loss of a node': onTarget('annotate', `${PREFIX}on-node-loss=wait`),
}

const CASES: readonly (readonly [Kind, own: boolean])[] = [
  ['Deployment', true],
  ['Deployment', false],
  ['StatefulSet', true],
  ['DaemonSet', true],
  ['DaemonSet', false],
]

export async function writing(t: Test, { bed }: Cloud): Promise<void> {
  await namespaces(bed, NAMESPACE)
  const editor = join(bed.dir, 'editor.sh')
  const edit = 's|^  annotations:$|&\\n    example.org/edited: "1"|'
  writeFileSync(editor, `#!/bin/sh\nsed -i '${edit}' "$1"\n`)
  chmodSync(editor, 0o755)
  process.env['KUBE_EDITOR'] = editor
  t.jobs = CASES.length
  for (const [kind, own] of CASES) {
    const name = `${kind.toLowerCase()}-${own ? 'own' : 'bare'}`
    t.test(`${kind} ${own ? 'with' : 'without'} affinity of its own`, async (t) => {
      const manifest = workload(kind, name, {
        namespace: NAMESPACE,
        place: { country: 'FR, DE', nodes: '3' },
        replicas: 3,
        pod: own ? OWN : {},
      })
      const subject = { bed, manifest, own, target: `${kind.toLowerCase()}/${name}` }
      await kubectl(subject, ['create', '--save-config', '-f', '-'], JSON.stringify(manifest))
      const before = await settled(bed, manifest)
      t.ok(markerOf(before.template), 'it was placed')
      for (const [what, way] of Object.entries(WAYS)) {
        await way(subject)
        unrolled(t, what, before, await settled(bed, manifest))
      }
    })
  }
}
