import type { HookDeclaration } from '../core/admission/hook.ts'

/** Validating hook: a GeoArea's geometry or countries are right, and no area in use is deleted. */
export const geoArea: HookDeclaration = {
  name: 'geo-area',
  type: 'validating',
  rules: [
    {
      groups: ['edge-net.io'],
      versions: ['v1alpha1'],
      operations: ['CREATE', 'UPDATE', 'DELETE'],
      resources: ['geoareas'],
      scope: 'Cluster',
    },
  ],
  skipSystemNamespaces: false,
  failurePolicy: 'Fail',
  sideEffects: 'None',
  timeoutSeconds: 5,
}
