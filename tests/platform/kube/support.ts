import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import type { KubeClient } from '../../../platform/kube/client.ts'
import { pathTo } from '../../../platform/kube/paths.ts'
import { registry } from '../../../platform/metrics.ts'

/** A fresh namespace, removed at the end of the test. */
export async function namespaceFor(t: Test, client: KubeClient): Promise<string> {
  const name = `kube-${process.pid}-${Math.random().toString(36).slice(2, 8)}`
  await client.create(pathTo('namespaces'), { metadata: { name } })
  t.teardown(() => client.delete(pathTo('namespaces', { name })))
  return name
}

/** Runs `work` for 0 … count-1, up to 16 at a time. */
export async function times(count: number, work: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: Math.min(16, count) }, worker))
}

/** The sum of a metric over all its series that carry these labels. */
export async function metric(name: string, labels: Record<string, string> = {}): Promise<number> {
  const found = await registry.getSingleMetric(name)?.get()
  const wanted = Object.entries(labels)
  return (found?.values ?? [])
    .filter((value) => wanted.every(([key, text]) => String(value.labels[key]) === text))
    .reduce((sum, value) => sum + value.value, 0)
}

/** The promise's outcome within the time, else `late`. */
export function within<T>(ms: number, promise: Promise<T>): Promise<T | 'late'> {
  return Promise.race([promise, sleep(ms, 'late' as const, { ref: false })])
}

/** Asserts that a call fails with an error of this shape. */
export async function fails(
  t: Test,
  call: Promise<unknown>,
  shape: object,
  name = 'it fails',
): Promise<void> {
  const error = await call.then(
    (value) => ({ unexpected: value }),
    (thrown: unknown) => thrown,
  )
  t.match(error, shape, name)
}
