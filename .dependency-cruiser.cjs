/** Import directions (docs/explanation/architecture.md): core <- platform <- webhooks, controllers, cli. */
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'core-is-pure',
      comment: 'core/ holds rules without I/O',
      severity: 'error',
      from: { path: '^core/' },
      to: { path: '^(platform|webhooks|controllers|cli|tests)/' },
    },
    {
      name: 'core-does-no-io',
      severity: 'error',
      from: { path: '^core/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?crypto$' },
    },
    {
      name: 'platform-below-processes',
      severity: 'error',
      from: { path: '^platform/' },
      to: { path: '^(webhooks|controllers|cli|tests)/' },
    },
    {
      name: 'webhooks-alone',
      severity: 'error',
      from: { path: '^webhooks/' },
      to: { path: '^(controllers|cli|tests)/' },
    },
    {
      name: 'controllers-alone',
      severity: 'error',
      from: { path: '^controllers/' },
      to: { path: '^(webhooks|cli|tests)/' },
    },
    {
      name: 'cli-alone',
      severity: 'error',
      from: { path: '^cli/' },
      to: { path: '^(webhooks|controllers|tests)/' },
    },
    {
      name: 'one-user-of-client-node',
      comment: 'kubeconfig only; its informers and generated clients are not used',
      severity: 'error',
      from: { pathNot: '^(platform/kube/config\\.ts$|tests/)' },
      to: { path: 'node_modules/@kubernetes/client-node', dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // TypeScript 7 has no API that the tool could use.
    parser: 'swc',
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json', '.mjs'] },
  },
}
