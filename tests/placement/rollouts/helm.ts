/** A chart of a user's own, installed and upgraded by Helm in both of its ways of writing. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { helm } from '../../testbed/helm.ts'
import { type Cloud, namespaces, workload } from '../support.ts'
import { markerOf, rolledOnce, settled, unrolled } from './state.ts'

const NAMESPACE = 'helm'
const KINDS = ['Deployment', 'StatefulSet', 'DaemonSet'] as const

/** Values are put in as text, since the manifests are made of our usual ones. */
function writeChart(dir: string): string {
  mkdirSync(join(dir, 'templates'), { recursive: true })
  writeFileSync(join(dir, 'Chart.yaml'), 'apiVersion: v2\nname: web\nversion: 1.0.0\n')
  writeFileSync(join(dir, 'values.yaml'), 'country: FR\nimage: one\nnote: a\nreplicas: 2\n')
  for (const kind of KINDS) {
    const object = workload(kind, 'RELEASE', { place: { country: 'COUNTRY', nodes: '2' } })
    const text = JSON.stringify({
      ...object,
      metadata: { ...object.metadata, namespace: NAMESPACE },
    })
    const template = text
      .replaceAll('RELEASE', `{{ .Release.Name }}-${kind.toLowerCase()}`)
      .replace(
        '"COUNTRY"',
        '{{ .Values.country | quote }},"example.org/note":{{ .Values.note | quote }}',
      )
      .replace('"image":"none"', '"image":{{ .Values.image | quote }}')
      .replace('"replicas":1', '"replicas":{{ .Values.replicas }}')
    writeFileSync(join(dir, 'templates', `${kind}.yaml`), template)
  }
  return dir
}

export async function helmReleases(t: Test, cloud: Cloud): Promise<void> {
  await namespaces(cloud.bed, NAMESPACE)
  const chart = writeChart(join(t.testdir({}), 'web'))
  t.jobs = 2
  for (const mode of ['true', 'false']) {
    t.test(`server-side=${mode}`, (t) => release(t, cloud, { chart, mode }))
  }
}

interface Release {
  readonly chart: string
  /** Server-side apply, or a three-way merge. */
  readonly mode: string
}

async function release(t: Test, { bed }: Cloud, { chart, mode }: Release): Promise<void> {
  const name = `web-${mode}`
  const objects = KINDS.map((kind) =>
    workload(kind, `${name}-${kind.toLowerCase()}`, { namespace: NAMESPACE }),
  )
  const states = () => Promise.all(objects.map((object) => settled(bed, object)))
  const call = (...args: readonly string[]) =>
    helm([...args, '--namespace', NAMESPACE, `--server-side=${mode}`], bed)
  const upgrade = (...values: readonly string[]) =>
    call('upgrade', name, chart, '--reset-values', ...values.flatMap((value) => ['--set', value]))

  await call('install', name, chart)
  const first = await states()
  for (const { template } of first) t.ok(markerOf(template), 'it was placed')
  const compare = async (what: string, check: typeof unrolled, before = first) => {
    const after = await states()
    for (const [i, state] of after.entries()) {
      const past = before[i]
      if (past) check(t, `${what}: ${KINDS[i]}`, past, state)
    }
    return after
  }
  await upgrade()
  await compare('upgraded with nothing new', unrolled)
  await upgrade('note=b')
  await compare('upgraded with another note', unrolled)
  await upgrade('replicas=3')
  const scaled = await compare('upgraded with more replicas', unrolled)
  await upgrade('replicas=3', 'country=France')
  await compare('upgraded with the same country in other words', unrolled, scaled)
  await upgrade('replicas=3', 'image=two')
  await compare('upgraded with another image', rolledOnce, scaled)
  await call('rollback', name, '3')
  const back = await states()
  for (const [i, { template }] of back.entries()) {
    t.strictSame(template, scaled[i]?.template, `rolled back: ${KINDS[i]}`)
  }
}
