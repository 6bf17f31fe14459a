/**
 * A candidate as a process of its own, so that it can be killed and paused. Arguments: kubeconfig,
 * namespace, lease, identity, seconds of lease, renewal and retry. Prints `lead`, `told` (its work was
 * asked to end) and the end of it, each with Date.now().
 */
import { once } from 'node:events'
import { KubeClient } from '../../../platform/kube/client.ts'
import { loadConnection } from '../../../platform/kube/config.ts'
import { runElected } from '../../../platform/kube/lease.ts'

const [kubeconfig = '', namespace = '', name = '', identity = '', ...seconds] =
  process.argv.slice(2)
const [leaseSeconds = 15, renewSeconds = 10, retrySeconds = 2] = seconds.map(Number)
const stop = new AbortController()
process.on('SIGTERM', () => stop.abort())
// The test holds the other end: this process does not outlive it.
process.stdin.on('close', () => process.exit(1)).resume()
const say = (word: string) => process.stdout.write(`${word} ${Date.now()}\n`)

const client = new KubeClient(await loadConnection(kubeconfig))
const end = await runElected({
  client,
  ...{ namespace, name, identity, leaseSeconds, renewSeconds, retrySeconds },
  signal: stop.signal,
  lead: async (signal) => {
    say('lead')
    if (!signal.aborted) await once(signal, 'abort')
    say('told')
  },
})
say(end)
client.close()
process.exit(0)
