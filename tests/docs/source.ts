/** Names that the sources define and the reference has to list. */
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { healingSettings } from '../../controllers/healing/settings.ts'
import { registry } from '../../platform/metrics.ts'
import { Settings } from '../../platform/settings.ts'
import { ROOT, textOf } from './markdown.ts'

const sources = (): string[] =>
  globSync('{core,platform,webhooks,controllers}/**/*.ts', { cwd: ROOT }).sort()

const matches = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].flatMap(([, name]) => name ?? [])

/** Environment variables that a source reads by their literal names. */
const variablesIn = (text: string): string[] => [
  ...matches(
    text,
    /\b(?:text|required|integer|list|onOrOff)\(\s*(?:settings,\s*)?'(EDGENET_\w+)'/g,
  ),
  ...matches(text, /process\.env\['(EDGENET_\w+)'\]/g),
]

/** Every environment variable that a process reads. */
export function variables(): Set<string> {
  const found = new Set(sources().flatMap((path) => variablesIn(textOf(path))))
  // The names of healing are put together, so the reader itself is asked.
  const seen = new Proxy<NodeJS.ProcessEnv>({}, { get: (_, name) => void found.add(String(name)) })
  healingSettings(new Settings(seen))
  return found
}

/** Every code of a refusal. */
export function errorCodes(): Set<string> {
  const codes = new Set<string>()
  for (const path of sources()) {
    const text = textOf(path)
    const read = new Set(variablesIn(text))
    // `EDGENET_HEALING_…` in the sentences of settings are no codes of refusals.
    const isCode = (name: string) => !read.has(name) && !path.endsWith('settings.ts')
    for (const code of matches(text, /'(EDGENET_[A-Z_]+)'/g)) if (isCode(code)) codes.add(code)
    for (const name of matches(text, /\b(?:refusal|unknown)\(\s*'([A-Z_]+)'/g))
      codes.add(`EDGENET_${name}`)
    // Passed on to readWord, the last argument.
    for (const name of matches(text, /readWord\([^)]*\), \w+, \w+, '([A-Z_]+)'\)/g))
      codes.add(`EDGENET_${name}`)
    for (const name of matches(text, /geometryRefusal\(\s*'([A-Z_]+)'/g))
      codes.add(`EDGENET_GEOMETRY_${name}`)
  }
  return codes
}

export interface Metric {
  readonly name: string
  readonly type: string
  readonly labels: readonly string[]
}

/** Every metric of ours; all modules that register some are loaded. */
export async function metrics(): Promise<Metric[]> {
  for (const path of sources())
    if (path.endsWith('/metrics.ts') || /new (Counter|Gauge|Histogram)/.test(textOf(path)))
      await import(join(ROOT, path))
  const all = (await registry.getMetricsAsArray()) as unknown as {
    name: string
    type: string
    labelNames?: string[]
  }[]
  return all.map(({ name, type, labelNames = [] }) => ({ name, type, labels: labelNames }))
}
