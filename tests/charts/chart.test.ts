/** The chart as rendered by helm, and the generator of its webhook configurations. No cluster. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import type { HookDeclaration } from '../../core/admission/hook.ts'
import { webhookConfigurations } from '../../core/admission/manifests.ts'
import { TEMPLATE, webhookTemplate } from '../../webhooks/generate.ts'
import { declarations } from '../../webhooks/hooks.ts'
import { CHART } from '../testbed/edgenet.ts'
import { helm } from '../testbed/helm.ts'
import { external, SAMPLE_CA, SAMPLE_URL } from './chart.ts'

interface Rule {
  readonly apiGroups: string[]
  readonly resources: string[]
  readonly verbs: string[]
  readonly resourceNames?: string[]
}
interface Rendered {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Record<string, string>
    readonly annotations?: Record<string, string>
  }
  readonly rules?: Rule[]
  readonly webhooks?: unknown
  readonly spec?: unknown
}

const NAMESPACE = 'our-namespace'
const OUTSIDE = external(SAMPLE_URL, SAMPLE_CA)
const INSIDE = ['--set', 'image.repository=none/edgenet']

async function render(...args: string[]): Promise<Rendered[]> {
  const text = await helm(['template', 'edgenet', CHART, '-n', NAMESPACE, ...args])
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Rendered | null)
    .filter((object) => object !== null)
}
const pick = (objects: Rendered[], kind: string, name = 'edgenet') =>
  objects.find((o) => o.kind === kind && o.metadata.name === name)
const kindsOf = (objects: Rendered[]) => new Set(objects.map((o) => o.kind))

t.test('lint', async (t) => {
  t.match(await helm(['lint', '--strict', CHART, ...OUTSIDE]), /0 chart\(s\) failed/)
  t.match(await helm(['lint', '--strict', CHART, ...INSIDE]), /0 chart\(s\) failed/)
  const values = await readFile(join(CHART, 'values.yaml'), 'utf8')
  t.ok(values.split('\n').length < 300, 'values are read by people')
})

t.test('wrong values are refused, and what is missing is named', async (t) => {
  const cases: [string, string[], RegExp][] = [
    ['unknown key', [...OUTSIDE, '--set', 'nonsense=1'], /additional properties 'nonsense'/],
    [
      'unknown key below',
      [...OUTSIDE, '--set', 'crds.isntall=1'],
      /additional properties 'isntall'/,
    ],
    ['a text for a number', [...INSIDE, '--set', 'webhooks.replicas=two'], /want integer/],
    ['no replicas', [...INSIDE, '--set', 'webhooks.replicas=0'], /replicas/],
    ['http', external('http://127.0.0.1:1', SAMPLE_CA), /webhooks\/url/],
    ['a CA that is not base64', external(SAMPLE_URL, '---'), /webhooks\/caBundle/],
    ['another mode', [...INSIDE, '--set', 'tls.mode=none'], /tls\/mode/],
    ['no image', [], /image\.repository is required/],
    [
      'no url',
      ['--set', `external.enabled=true,webhooks.caBundle=${SAMPLE_CA}`],
      /url is required/,
    ],
    [
      'no CA',
      ['--set', `external.enabled=true,webhooks.url=${SAMPLE_URL}`],
      /caBundle is required/,
    ],
    ['no CA of the Secret', [...INSIDE, '--set', 'tls.mode=secret'], /caBundle is required/],
    ['no volume', [...INSIDE, '--set', 'geoDatabases.files={a.mmdb}'], /volume is required/],
  ]
  for (const [what, args, message] of cases) await t.rejects(render(...args), { message }, what)
})

t.test('the webhook configurations are those of the code', async (t) => {
  const committed = await readFile(TEMPLATE, 'utf8')
  t.equal(committed, webhookTemplate(declarations), 'else: npm run generate')
  const modes: [string, string[], Parameters<typeof webhookConfigurations>[1]][] = [
    [
      'outside',
      OUTSIDE,
      { clientConfig: { url: SAMPLE_URL, caBundle: SAMPLE_CA }, ownNamespace: NAMESPACE },
    ],
    [
      'cert-manager',
      INSIDE,
      {
        clientConfig: { service: { namespace: NAMESPACE, name: 'edgenet-webhooks' } },
        ownNamespace: NAMESPACE,
        annotations: { 'cert-manager.io/inject-ca-from': `${NAMESPACE}/edgenet-webhooks` },
      },
    ],
    [
      'a Secret',
      [...INSIDE, '--set', `tls.mode=secret,webhooks.caBundle=${SAMPLE_CA}`],
      {
        clientConfig: {
          service: { namespace: NAMESPACE, name: 'edgenet-webhooks' },
          caBundle: SAMPLE_CA,
        },
        ownNamespace: NAMESPACE,
      },
    ],
  ]
  for (const [what, args, options] of modes) {
    const objects = await render(...args)
    for (const expected of webhookConfigurations(declarations, options)) {
      const found = pick(objects, expected.kind)
      const { labels, ...metadata } = found?.metadata ?? {}
      t.ok(labels, `${what}: ${expected.kind} has the chart's labels`)
      t.strictSame({ ...found, metadata }, expected, `${what}: ${expected.kind}`)
    }
  }
})

const SAMPLE: HookDeclaration = {
  name: 'sample',
  type: 'mutating',
  rules: [{ groups: [''], versions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
  matchConditions: [{ name: 'a', expression: 'object.metadata.name != \'a: "b" # {c}\'' }],
  skipSystemNamespaces: true,
  failurePolicy: 'Fail',
  sideEffects: 'None',
  timeoutSeconds: 5,
  reinvocationPolicy: 'IfNeeded',
}

t.test('the generator', async (t) => {
  const options = { clientConfig: { url: 'https://host:1/' }, ownNamespace: 'own' }
  const { reinvocationPolicy: _, matchConditions: __, ...plain } = SAMPLE
  const guard: HookDeclaration = {
    ...plain,
    name: 'guard',
    type: 'validating',
    skipSystemNamespaces: false,
    rules: [
      {
        ...(SAMPLE.rules[0] as (typeof SAMPLE.rules)[0]),
        resources: ['namespaces'],
        scope: 'Cluster',
      },
    ],
  }
  const [mutating, validating] = webhookConfigurations([guard, SAMPLE], options)
  t.strictSame(mutating.webhooks, [
    {
      name: 'sample.edge-net.io',
      clientConfig: { url: 'https://host:1/hooks/sample' },
      rules: [
        {
          apiGroups: [''],
          apiVersions: ['v1'],
          operations: ['CREATE'],
          resources: ['pods'],
          scope: '*',
        },
      ],
      matchPolicy: 'Equivalent',
      namespaceSelector: {
        matchExpressions: [
          { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system', 'own'] },
        ],
      },
      matchConditions: SAMPLE.matchConditions,
      failurePolicy: 'Fail',
      sideEffects: 'None',
      timeoutSeconds: 5,
      reinvocationPolicy: 'IfNeeded',
      admissionReviewVersions: ['v1'],
    },
  ])
  t.equal(validating.webhooks.length, 1)
  const [entry] = validating.webhooks
  t.notOk(Object.hasOwn(entry ?? {}, 'namespaceSelector'), 'a hook on namespaces has no selector')
  t.match(entry?.rules, [{ scope: 'Cluster' }])
  const wrong: [string, HookDeclaration[], RegExp][] = [
    ['twice', [SAMPLE, SAMPLE], /declared twice/],
    ['name', [{ ...SAMPLE, name: 'A b' }], /not a DNS label/],
    ['validating, reinvoked', [{ ...SAMPLE, type: 'validating' }], /only mutating/],
    ['timeout', [{ ...SAMPLE, timeoutSeconds: 31 }], /1 to 30/],
    ['namespaces', [{ ...guard, skipSystemNamespaces: true }], /must not skip/],
  ]
  for (const [what, hooks, message] of wrong)
    t.throws(() => webhookConfigurations(hooks, options), { message }, what)
  const evil = { ...SAMPLE, matchConditions: [{ name: 'a', expression: '{{ .Values }}' }] }
  t.throws(() => webhookTemplate([evil]), /\{\{/, 'nothing of a declaration is evaluated by Helm')
  t.match(webhookTemplate([SAMPLE]), /"path" "\/hooks\/sample"/)
})

t.test('rights: no wildcard, no secrets, a reason for each rule', async (t) => {
  const objects = await render(...INSIDE)
  const roles = objects.filter((o) => o.kind === 'ClusterRole' || o.kind === 'Role')
  t.equal(roles.length, 5)
  for (const { metadata, rules = [] } of roles)
    for (const { apiGroups, resources, verbs } of rules) {
      const all = [...apiGroups, ...resources, ...verbs].join(' ')
      t.notMatch(all, /\*|secrets|escalate|bind|impersonate/, `${metadata.name}: ${all}`)
    }
  for (const file of ['rbac-controllers.yaml', 'rbac-webhooks.yaml']) {
    const lines = (await readFile(join(CHART, 'templates', file), 'utf8')).split('\n')
    for (const rules of ruleGroups(lines))
      t.match(rules, /^ +#/, `${file}: a comment before ${rules}`)
  }
  const writers = roles.filter((r) => r.rules?.some(({ verbs }) => verbs.includes('patch')))
  t.strictSame(
    writers.map((r) => r.metadata.name),
    ['edgenet-controllers'],
    'webhooks only read',
  )
})

/** The line before each rule; a rule that continues the list of the one before it is of its group. */
function ruleGroups(lines: readonly string[]): string[] {
  const starts = lines.flatMap((line, i) => (/^ {2}- apiGroups:/.test(line) ? [i] : []))
  const commented = (i: number) => lines[i - 1] ?? ''
  return starts.map((i) => (/verbs:/.test(commented(i)) ? commented(i - 3) : commented(i)))
}

t.test('policies exempt exactly the account of the controllers', async (t) => {
  const text = JSON.stringify(
    (await render(...OUTSIDE)).filter((o) => /^ValidatingAdm/.test(o.kind)),
  )
  const users = new Set(text.match(/system:serviceaccount:our-namespace:[\w-]+/g))
  t.strictSame([...users], ['system:serviceaccount:our-namespace:edgenet-controllers'])
  const objects = await render(...OUTSIDE)
  const account = objects.find(
    (o) => o.kind === 'ServiceAccount' && /controllers/.test(o.metadata.name),
  )
  t.match(account?.metadata, { name: 'edgenet-controllers', namespace: NAMESPACE })
  for (const policy of objects.filter((o) => o.kind === 'ValidatingAdmissionPolicy')) {
    t.match(policy.spec, { failurePolicy: 'Fail' }, `${policy.metadata.name} fails closed`)
    const binding = pick(objects, 'ValidatingAdmissionPolicyBinding', policy.metadata.name)
    t.strictSame(binding?.spec, {
      policyName: policy.metadata.name,
      validationActions: ['Deny'],
    })
  }
})

t.test('what is rendered in which mode', async (t) => {
  const outside = kindsOf(await render(...OUTSIDE))
  for (const kind of ['Deployment', 'Service', 'PodDisruptionBudget', 'Certificate', 'Issuer'])
    t.notOk(outside.has(kind), `outside: no ${kind}`)
  const inside = await render(...INSIDE, '--set', 'webhooks.replicas=1')
  for (const kind of ['Deployment', 'Service', 'Certificate', 'Issuer'])
    t.ok(kindsOf(inside).has(kind), `inside: ${kind}`)
  t.notOk(kindsOf(inside).has('PodDisruptionBudget'), 'one replica: it may be drained')
  const secret = ['--set', `tls.mode=secret,webhooks.caBundle=${SAMPLE_CA}`]
  t.notOk(kindsOf(await render(...INSIDE, ...secret)).has('Certificate'), 'own Secret')
  const crds = inside.filter((o) => o.kind === 'CustomResourceDefinition')
  t.strictSame(crds.map((o) => o.metadata.name).sort(), [
    'geoareas.edge-net.io',
    'placements.edge-net.io',
  ])
  for (const { metadata } of crds)
    t.equal(metadata.annotations?.['helm.sh/resource-policy'], 'keep', metadata.name)
  const bare = await render(...INSIDE, '--set', 'crds.keep=false')
  t.notOk(pick(bare, 'CustomResourceDefinition', 'geoareas.edge-net.io')?.metadata.annotations)
  t.notOk(kindsOf(await render(...INSIDE, '--set', 'crds.install=false')).has(crds[0]?.kind ?? ''))
})

t.test('pods: restricted, with the image and the databases of the values', async (t) => {
  const digest = `sha256:${'0'.repeat(64)}`
  const volume = 'geoDatabases.volume.persistentVolumeClaim.claimName=geo'
  const values = `geoDatabases.files={a.mmdb,b.mmdb},${volume},image.digest=${digest},geoAreas.eu=false`
  const objects = await render(...INSIDE, '--set', values)
  for (const name of ['edgenet-webhooks', 'edgenet-controllers']) {
    const deployment = pick(objects, 'Deployment', name)
    t.match(deployment?.spec, {
      replicas: 2,
      template: {
        spec: {
          serviceAccountName: name,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [
            {
              image: `none/edgenet@${digest}`,
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'] },
              },
            },
          ],
        },
      },
    })
  }
  t.match(pick(objects, 'Deployment', 'edgenet-controllers')?.spec, {
    template: {
      spec: {
        containers: [
          {
            env: [
              { name: 'EDGENET_NAMESPACE', value: NAMESPACE },
              { name: 'EDGENET_OPS_PORT', value: '8080' },
              { name: 'EDGENET_BUILT_IN_AREAS', value: '' },
              { name: 'EDGENET_GEO_DATABASES', value: '/geo/a.mmdb,/geo/b.mmdb' },
            ],
            volumeMounts: [{ name: 'geo', mountPath: '/geo' }],
          },
        ],
        volumes: [{ name: 'geo', persistentVolumeClaim: { claimName: 'geo' } }],
      },
    },
  })
})
