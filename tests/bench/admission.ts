import { readFileSync } from 'node:fs'
import { benchApply } from './admission/apply.ts'
import { Decisions } from './admission/decisions.ts'
import { Load } from './admission/load.ts'
import { reviewOf } from './admission/review.ts'
import type { BenchCloud } from './cloud.ts'
import { type Figure, ms, p50p99, quantile, type Say } from './figure.ts'
import { Ops } from './process.ts'
import { KINDS_OF_SELECTION, mixed, SELECTIONS } from './workloads.ts'

/** Until V8 has compiled what is used much; a webhook that has run for a minute has. */
const WARM_UP = 2000

const REQUESTS = 3000
const REQUESTS_OF_A_KIND = 200

/** How long the webhooks take to admit, in themselves and for the API server. */
export async function benchAdmission(cloud: BenchCloud, say: Say): Promise<Figure[]> {
  const { edgenet, bed } = cloud
  const ops = new Ops(edgenet.urls.webhooksOps)
  const target = {
    url: edgenet.urls.webhooks,
    ca: readFileSync(`${edgenet.dir}/pki/ca.crt`, 'utf8'),
  }
  const measured = async (connections: number, count: number, body: (i: number) => string) => {
    const load = new Load(target, connections)
    const decisions = await Decisions.begin(ops, edgenet.logs.webhooks)
    const { answers, perSecond } = await load.run(count, body)
    load.close()
    const refused = answers.find(({ allowed }) => !allowed)
    if (refused) throw new Error(`a review was refused: ${refused.body}`)
    const outside = answers.map((answer) => answer.ms)
    return { ...(await decisions.end()), outside, perSecond }
  }

  say('admission: warming up')
  await measured(1, WARM_UP, (i) => reviewOf(i, mixed(i)))
  await ops.longestBlock()
  const figures: Figure[] = []
  for (const connections of [1, 16]) {
    say(`admission: ${REQUESTS} reviews over ${connections} connections`)
    const found = await measured(connections, REQUESTS, (i) => reviewOf(i, mixed(i)))
    const over = `${connections} connection${connections > 1 ? 's' : ''}`
    figures.push(
      {
        what: `admission in the server, mixed selections, ${over}`,
        ours: `${p50p99(found.times)}, ${(found.below5 * 100).toFixed(2)} % under 5 ms`,
        beside: 'p99 under 5 ms',
      },
      {
        what: `the same seen by the client, over TLS, ${over}`,
        ours: `${p50p99(found.outside)}, ${found.perSecond.toFixed(0)} per second`,
        beside: `CPU of the server: ${ms(found.cpuMs)} for each`,
      },
    )
  }
  say('admission: each kind of selection')
  for (const kind of KINDS_OF_SELECTION) {
    const { times } = await measured(1, REQUESTS_OF_A_KIND, (i) =>
      reviewOf(i, SELECTIONS[kind]?.(i) ?? {}),
    )
    const ours = `p50 ${ms(quantile(times, 0.5))}, p95 ${ms(quantile(times, 0.95))}`
    figures.push({ what: `  in the server: ${kind}`, ours })
  }
  figures.push({
    what: 'longest block of the webhooks’ event loop under this load',
    ours: ms(await ops.longestBlock()),
  })
  say('admission: creating Deployments')
  return [...figures, ...(await benchApply(bed))]
}
