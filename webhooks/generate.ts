/**
 * Writes charts/edgenet/templates/webhook-configurations.yaml from the hooks that the server
 * serves, so that the manifest cannot say anything else than the code. Run: npm run generate
 */
import { writeFile } from 'node:fs/promises'
import { stringify } from 'yaml'
import type { HookDeclaration } from '../core/admission/hook.ts'
import { webhookConfigurations } from '../core/admission/manifests.ts'
import { declarations } from './hooks.ts'

/** The generated file, from the root of the repository. */
export const TEMPLATE = new URL(
  '../charts/edgenet/templates/webhook-configurations.yaml',
  import.meta.url,
)

const HEAD = `{{- /* Generated from the declarations in webhooks/ by "npm run generate": do not edit. */}}\n`

/** Stands where only Helm knows what to write; replaced line by line below. */
const MARK = 'https://helm'

/**
 * The Helm template of both webhook configurations. The address of the server, its CA and the
 * labels come from the chart's helpers; all else is fixed by the code.
 *
 * @throws Error when a declaration holds `{{`, which Helm would take for its own.
 */
export function webhookTemplate(hooks: readonly HookDeclaration[]): string {
  if (JSON.stringify(hooks).includes('{{'))
    throw new Error('declarations of hooks may not hold "{{": Helm would evaluate it')
  const documents = webhookConfigurations(hooks, {
    clientConfig: { url: MARK },
    ownNamespace: '{{ .Release.Namespace }}',
  })
  // A line width of 0: long expressions stay on one line, a diff shows what changed.
  return HEAD + documents.map((d) => fill(stringify(d, { lineWidth: 0 }))).join('---\n')
}

function fill(yaml: string): string {
  return yaml
    .replace(/^metadata:\n {2}name: \S+\n/m, (found) => `${found}${METADATA}`)
    .replaceAll(/^( +)clientConfig:\n +url: https:\/\/helm(\S+)\n/gm, (_, pad: string, path) => {
      const arguments_ = `(dict "root" $ "path" "${path}")`
      return `${pad}clientConfig:\n${pad}  {{- include "edgenet.clientConfig" ${arguments_} | nindent ${pad.length + 2} }}\n`
    })
}

const METADATA = `  labels:
    {{- include "edgenet.labels" . | nindent 4 }}
  {{- with include "edgenet.caInjection" . }}
  annotations:
    {{- . | nindent 4 }}
  {{- end }}
`

if (import.meta.main) {
  await writeFile(TEMPLATE, webhookTemplate(declarations))
}
