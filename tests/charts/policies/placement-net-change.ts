import type { Test } from 'tap'
import { MARKER } from '../../../core/placement/labels.ts'
import type { Kind } from '../../../core/placement/types.ts'
import { verdict } from '../verdict.ts'
import { pathOf, required, workload } from '../workloads.ts'
import { ASK, BOTH, bound, DONE, OURS, THEIRS } from './parts.ts'
import { answer, DRY, PLACEMENT_NET as NET, type World } from './world.ts'

/** What is stored of a change of a workload. */
export function placementNetChange(t: Test, { admin }: World): void {
  t.test('placement net: what may be changed', async (t) => {
    const placed = { ...ASK, 'edge-net.io/placed': 'd1' }
    await admin.create(
      pathOf('Deployment', 'default'),
      workload('Deployment', { annotations: placed, ...bound }),
    )
    await admin.create(pathOf('Deployment', 'default'), workload('Deployment', { name: 'plain' }))
    await admin.create(
      pathOf('CronJob', 'default'),
      workload('CronJob', { annotations: placed, ...bound }),
    )
    await admin.create(pathOf('Pod', 'default'), workload('Pod', { annotations: placed, ...bound }))
    const annotations = (annotations: Record<string, string | null>) => ({
      metadata: { annotations },
    })
    const template = (template: unknown) => ({ spec: { template } })
    const affinity = (affinity: unknown) => template({ spec: { affinity } })
    const cases: [string, string, unknown, string][] = [
      ['web', 'a label', { metadata: { labels: { a: 'b' } } }, 'ok'],
      ['web', 'its scale', { spec: { replicas: 3 } }, 'ok'],
      [
        'web',
        'its image',
        template({ spec: { containers: [{ name: 'c', image: 'other' }] } }),
        'ok',
      ],
      ['web', 'another annotation of ours', annotations({ 'edge-net.io/spread': 'soft' }), 'ok'],
      ['web', 'the country', annotations({ 'edge-net.io/country': 'DE' }), NET],
      ['web', 'a second condition', annotations({ 'edge-net.io/nodes': '3' }), NET],
      [
        'web',
        'one key for another',
        annotations({ 'edge-net.io/country': null, 'edge-net.io/city': 'Paris' }),
        NET,
      ],
      [
        'web',
        'the country, processed',
        annotations({ 'edge-net.io/country': 'DE', 'edge-net.io/placed': 'd2' }),
        'ok',
      ],
      ['web', 'no country any more', annotations({ 'edge-net.io/country': null }), NET],
      [
        'web',
        'no country any more, processed',
        annotations({ 'edge-net.io/country': null, 'edge-net.io/placed': null }),
        'ok',
      ],
      [
        'web',
        'an annotation on the template',
        template({ metadata: { annotations: { 'edge-net.io/city': 'Paris' } } }),
        NET,
      ],
      ['web', 'no marker', template({ metadata: { annotations: { [MARKER]: null } } }), NET],
      ['web', 'another marker', template({ metadata: { annotations: { [MARKER]: '{}' } } }), 'ok'],
      ['web', 'no affinity', affinity(null), NET],
      ['web', "a user's term instead", affinity(required(THEIRS)), NET],
      ['web', "a user's expression beside", affinity(required(BOTH)), 'ok'],
      ['plain', 'a label', { metadata: { labels: { a: 'b' } } }, 'ok'],
      ['plain', 'a country', annotations(ASK), NET],
      ['plain', 'a country, forged as processed', annotations(placed), NET],
      [
        'plain',
        'a country with affinity',
        {
          ...annotations(placed),
          ...template({ metadata: { annotations: DONE }, spec: { affinity: required(OURS) } }),
        },
        'ok',
      ],
      ['older', 'a label', { metadata: { labels: { a: 'b' } } }, 'ok'],
      [
        'older',
        'its image',
        template({ spec: { containers: [{ name: 'c', image: 'other' }] } }),
        'ok',
      ],
      [
        'older',
        'the country',
        annotations({ 'edge-net.io/country': 'DE', 'edge-net.io/placed': 'd2' }),
        NET,
      ],
      [
        'older',
        'no country any more',
        annotations({ 'edge-net.io/country': null, 'edge-net.io/placed': 'd2' }),
        'ok',
      ],
    ]
    for (const [name, what, patch, expected] of cases)
      t.equal(
        await answer(admin.patch(pathOf('Deployment', 'default', name), patch, 'strategic', DRY)),
        expected,
        `${name}: ${what}`,
      )
    const cron = (spec: unknown) => ({ spec: { jobTemplate: { spec: { template: spec } } } })
    const others: [Kind, string, unknown, string][] = [
      ['CronJob', 'its schedule', { spec: { schedule: '0 0 2 1 *' } }, 'ok'],
      [
        'CronJob',
        'the country on the job template',
        { spec: { jobTemplate: annotations(ASK) } },
        NET,
      ],
      ['CronJob', 'no affinity', cron({ spec: { affinity: null } }), NET],
      ['CronJob', 'no marker', cron({ metadata: { annotations: { [MARKER]: null } } }), NET],
      ['Pod', 'a label', { metadata: { labels: { a: 'b' } } }, 'ok'],
      ['Pod', 'the country', annotations({ 'edge-net.io/country': 'DE' }), NET],
      ['Pod', 'no marker', annotations({ [MARKER]: null }), NET],
    ]
    for (const [kind, what, patch, expected] of others)
      t.equal(
        await answer(admin.patch(pathOf(kind, 'default', 'web'), patch, 'merge', DRY)),
        expected,
        `${kind}: ${what}`,
      )
    const refusal = await verdict(
      admin.patch(
        pathOf('CronJob', 'default', 'web'),
        annotations({ 'edge-net.io/country': 'DE' }),
        'merge',
        DRY,
      ),
    )
    t.match(
      refusal,
      { message: /annotations of CronJob web were changed.*Try again when/ },
      'it says what to do',
    )
    const scale = { spec: { replicas: 2 } }
    t.equal(
      await answer(
        admin.patch(`${pathOf('Deployment', 'default', 'older')}/scale`, scale, 'merge', DRY),
      ),
      'ok',
      'scale',
    )
    t.equal(
      await answer(
        admin.patch(
          `${pathOf('Deployment', 'default', 'older')}/status`,
          { status: { replicas: 0 } },
          'merge',
          DRY,
        ),
      ),
      'ok',
      'status',
    )
  })
}
