import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The six programs of a test bed. */
export const PROGRAMS = [
  'etcd',
  'kubectl',
  'kwok',
  'kube-scheduler',
  'kube-controller-manager',
  'kube-apiserver',
] as const
export type Program = (typeof PROGRAMS)[number]

/** kwok stands in a module of its own: its dependencies are older than those of Kubernetes. */
const SOURCES: Record<Program, { readonly module: 'k8s' | 'kwok'; readonly path: string }> = {
  etcd: { module: 'k8s', path: 'go.etcd.io/etcd/server/v3' },
  kubectl: { module: 'k8s', path: 'k8s.io/kubernetes/cmd/kubectl' },
  kwok: { module: 'kwok', path: 'sigs.k8s.io/kwok/cmd/kwok' },
  'kube-scheduler': { module: 'k8s', path: 'k8s.io/kubernetes/cmd/kube-scheduler' },
  'kube-controller-manager': {
    module: 'k8s',
    path: 'k8s.io/kubernetes/cmd/kube-controller-manager',
  },
  'kube-apiserver': { module: 'k8s', path: 'k8s.io/kubernetes/cmd/kube-apiserver' },
}

const PINS = join(import.meta.dirname, 'pins')
const read = (name: string): string => readFileSync(join(PINS, name), 'utf8')

/** Kubernetes' version in the pins, like `v1.36.3`. */
export function kubernetesVersion(): string {
  const version = /^require k8s\.io\/kubernetes (v\d+\.\d+\.\d+)$/m.exec(read('k8s/go.mod'))?.[1]
  if (version === undefined)
    throw new Error('pins/k8s/go.mod: no line "require k8s.io/kubernetes vX"')
  return version
}

/** Go's linker does not know the version of a dependency; kubectl and /version answer with these. */
function linkerFlags(program: Program): string {
  if (!SOURCES[program].path.startsWith('k8s.io/kubernetes/')) return '-s -w'
  const version = kubernetesVersion()
  const [major, minor] = version.slice(1).split('.')
  const at = 'k8s.io/component-base/version'
  return `-s -w -X ${at}.gitVersion=${version} -X ${at}.gitMajor=${major} -X ${at}.gitMinor=${minor}`
}

/** How `go` builds one program into a folder. */
export interface Recipe {
  readonly cwd: string
  readonly args: readonly string[]
}

/** The go command line that builds `program` as `<folder>/<program>`. */
export function recipe(program: Program, folder: string): Recipe {
  const { module, path } = SOURCES[program]
  const flags = ['-trimpath', '-buildvcs=false', '-ldflags', linkerFlags(program)]
  return { cwd: join(PINS, module), args: ['build', ...flags, '-o', join(folder, program), path] }
}

/** Key of the cache: changes whenever a built program could. */
export function pinsHash(): string {
  const hash = createHash('sha256')
  for (const name of ['k8s/go.mod', 'k8s/go.sum', 'kwok/go.mod', 'kwok/go.sum'])
    hash.update(read(name))
  for (const program of PROGRAMS)
    hash.update(JSON.stringify([SOURCES[program], linkerFlags(program)]))
  return hash.digest('hex').slice(0, 16)
}
