import type { Test } from 'tap'
import type { KubeObject } from '../../../core/admission/types.ts'
import type { KubeClient } from '../../../platform/kube/client.ts'
import { pathTo } from '../../../platform/kube/paths.ts'
import { Reflector, type ReflectorOptions } from '../../../platform/kube/reflector.ts'

export type Change = readonly [key: string, now: string | undefined, before: string | undefined]

interface Options extends Partial<ReflectorOptions<string>> {
  readonly client: KubeClient
  readonly namespace: string
}

let count = 0

/** A started reflector of a namespace's ConfigMaps, projected to `data.n`, and what it told. */
export function mirror(t: Test, options: Options) {
  const { namespace } = options
  const changes: Change[] = []
  const reflector = new Reflector<string>({
    name: `mirror-${count++}`,
    path: pathTo('configmaps', { namespace }),
    // The controller-manager puts a ConfigMap of its own in every namespace.
    query: { fieldSelector: 'metadata.name!=kube-root-ca.crt' },
    backoff: { minMs: 20, maxMs: 200 },
    project: (object: KubeObject) => (object['data'] as { n?: string } | undefined)?.n,
    onChange: (key, now, before) => changes.push([key, now, before]),
    ...options,
  })
  t.teardown(() => reflector.stop())
  reflector.start()
  return { reflector, changes }
}

/** Creates or changes the ConfigMap `name` so that it projects to `n`. */
export async function put(
  client: KubeClient,
  namespace: string,
  name: string,
  n: string,
): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { n } }
  const query = { fieldManager: 'test', force: true }
  await client.patch(pathTo('configmaps', { namespace, name }), body, 'apply', query)
}

export const remove = (client: KubeClient, namespace: string, name: string): Promise<unknown> =>
  client.delete(pathTo('configmaps', { namespace, name }))
