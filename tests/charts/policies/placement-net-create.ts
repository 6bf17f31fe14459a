import type { Test } from 'tap'
import { ROW_KEYS } from '../../../core/placement/grammar/keys.ts'
import { NAMESPACE } from '../../testbed/edgenet.ts'
import { verdict } from '../verdict.ts'
import { ALL_KINDS, type Parts, pathOf, required, workload } from '../workloads.ts'
import { AREA, ASK, BOTH, bound, DONE, FIELDS, OURS, THEIRS } from './parts.ts'
import { answer, DRY, PLACEMENT_NET as NET, type World } from './world.ts'

/** What is stored of a new workload that asks for a place. */
export function placementNetCreate(t: Test, { admin }: World): void {
  t.test('placement net: what may be created', async (t) => {
    const cases: [string, Parts, string][] = [
      ['nothing asked', {}, 'ok'],
      ['other annotations of ours', { annotations: { 'edge-net.io/spread': 'soft' } }, 'ok'],
      ['asked, nothing injected', { annotations: ASK }, NET],
      ['asked on the template', { template: ASK }, NET],
      ['asked with an empty value', { annotations: { 'edge-net.io/area': '' } }, NET],
      ['the marker alone', { annotations: ASK, template: DONE }, NET],
      ['the affinity alone', { annotations: ASK, affinity: required(OURS) }, NET],
      ['both', { annotations: ASK, ...bound }, 'ok'],
      [
        'both, asked on the template',
        { template: { ...ASK, ...DONE }, affinity: required(OURS) },
        'ok',
      ],
      ['an area label', { annotations: ASK, template: DONE, affinity: required(AREA) }, 'ok'],
      [
        "the user's term with ours",
        { annotations: ASK, template: DONE, affinity: required(BOTH, OURS) },
        'ok',
      ],
      [
        "a user's term without ours",
        { annotations: ASK, template: DONE, affinity: required(OURS, THEIRS) },
        NET,
      ],
      [
        'a term of fields without ours',
        { annotations: ASK, template: DONE, affinity: required(FIELDS) },
        NET,
      ],
      [
        'a term of fields with ours',
        { annotations: ASK, template: DONE, affinity: required({ ...FIELDS, ...OURS }) },
        'ok',
      ],
      [
        'an empty term beside',
        { annotations: ASK, template: DONE, affinity: required({}, OURS) },
        'ok',
      ],
      [
        'empty terms only match no node',
        { annotations: ASK, template: DONE, affinity: required({}) },
        'ok',
      ],
      ['empty affinity', { annotations: ASK, template: DONE, affinity: {} }, NET],
      [
        'empty node affinity',
        { annotations: ASK, template: DONE, affinity: { nodeAffinity: {} } },
        NET,
      ],
      [
        'only preferred',
        {
          annotations: ASK,
          template: DONE,
          affinity: {
            nodeAffinity: {
              preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: OURS }],
            },
          },
        },
        NET,
      ],
      [
        'only pod affinity',
        { annotations: ASK, template: DONE, affinity: { podAffinity: {} } },
        NET,
      ],
      [
        '64 terms of 10 expressions',
        {
          annotations: ASK,
          template: DONE,
          affinity: required(
            ...Array.from({ length: 64 }, () => ({
              matchExpressions: [
                ...Array.from({ length: 9 }, (_, i) => ({
                  key: `k${i}`,
                  operator: 'Exists' as const,
                })),
                ...OURS.matchExpressions,
              ],
            })),
          ),
        },
        'ok',
      ],
    ]
    for (const kind of ALL_KINDS)
      for (const [what, parts, expected] of cases)
        t.equal(
          await answer(admin.create(pathOf(kind, 'default'), workload(kind, parts), DRY)),
          expected,
          `${kind}: ${what}`,
        )
    const onJobs: [string, Parts, string][] = [
      ['asked on the job template', { job: ASK }, NET],
      ['both, asked on the job template', { job: ASK, ...bound }, 'ok'],
    ]
    for (const [what, parts, expected] of onJobs)
      t.equal(
        await answer(admin.create(pathOf('CronJob', 'default'), workload('CronJob', parts), DRY)),
        expected,
        what,
      )
    for (const key of [...ROW_KEYS, 'placement'])
      t.equal(
        await answer(
          admin.create(
            pathOf('Deployment', 'default'),
            workload('Deployment', { annotations: { [`edge-net.io/${key}`]: 'x' } }),
            DRY,
          ),
        ),
        NET,
        key,
      )
    const generated = workload('Job', { generateName: 'web-', annotations: ASK })
    const refusal = await verdict(admin.create(pathOf('Job', 'default'), generated, DRY))
    t.match(
      refusal,
      { status: 422, message: /Job web-.* asks for a place .*Try again when/ },
      'it says what to do',
    )
    for (const namespace of ['kube-system', NAMESPACE])
      t.equal(
        await answer(
          admin.create(
            pathOf('Deployment', namespace),
            workload('Deployment', { annotations: ASK }),
            DRY,
          ),
        ),
        'ok',
        `${namespace} is left alone`,
      )
  })
}
