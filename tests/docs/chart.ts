/** What the chart installs, as far as the reference describes it. */
import { parseAllDocuments } from 'yaml'
import { external, SAMPLE_CA, SAMPLE_URL } from '../charts/chart.ts'
import { CHART } from '../testbed/edgenet.ts'
import { helm } from '../testbed/helm.ts'

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
}

export interface Manifest {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly rules?: readonly {
    readonly apiGroups: readonly string[]
    readonly resources: readonly string[]
    readonly verbs: readonly string[]
  }[]
  readonly spec?: {
    readonly names?: { readonly kind: string }
    readonly versions?: readonly { readonly schema: { readonly openAPIV3Schema: Schema } }[]
    readonly template?: {
      readonly spec: {
        readonly containers: readonly { readonly env: readonly { name: string }[] }[]
      }
    }
  }
}

/** The objects of the chart; with `inside` also the Deployments. */
export async function manifests(inside = false): Promise<Manifest[]> {
  const args = inside
    ? [
        '--set',
        'image.repository=none/edgenet,geoDatabases.files={a.mmdb},geoDatabases.volume.emptyDir.medium=Memory',
      ]
    : external(SAMPLE_URL, SAMPLE_CA)
  const text = await helm(['template', 'edgenet', CHART, '-n', 'edgenet-system', ...args])
  return parseAllDocuments(text).flatMap((document) => (document.toJS() as Manifest | null) ?? [])
}

/** Paths of the fields below `spec` and `status` of a kind: `status.rows[].id`. Conditions are one field. */
export function fieldsOf(objects: readonly Manifest[], kind: string): string[] {
  const definition = objects.find(({ spec }) => spec?.names?.kind === kind)
  const schema = definition?.spec?.versions?.[0]?.schema.openAPIV3Schema
  const { spec, status } = schema?.properties ?? {}
  return [...below('spec', spec), ...below('status', status)]
}

function below(path: string, schema: Schema = {}): string[] {
  if (path.endsWith('.conditions')) return []
  const inner = schema.items?.properties
    ? { at: `${path}[]`, properties: schema.items.properties }
    : { at: path, properties: schema.properties ?? {} }
  return Object.entries(inner.properties).flatMap(([name, each]) => {
    const field = `${inner.at}.${name}`
    return [field, ...below(field, each)]
  })
}

/** `<kind> <name>: <resource>: <verb>` for each right that is granted. */
export function rightsOf(objects: readonly Manifest[]): string[] {
  return objects
    .filter(({ rules }) => rules)
    .flatMap(({ kind, metadata, rules = [] }) =>
      rules.flatMap(({ apiGroups, resources, verbs }) =>
        resources.flatMap((resource) => {
          const group = apiGroups[0] ?? ''
          const [name = '', ...sub] = resource.split('/')
          const full = [group === '' ? name : `${name}.${group}`, ...sub].join('/')
          return verbs.map((verb) => `${kind} ${metadata.name}: ${full}: ${verb}`)
        }),
      ),
    )
}
