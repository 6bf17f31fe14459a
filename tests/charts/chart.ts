export const SAMPLE_URL = 'https://127.0.0.1:1'
/** Base64 of "CA": good for rendering, not for an API server. */
export const SAMPLE_CA = 'Q0E='

/** Arguments for a release whose processes run outside of the cluster. */
export const external = (url: string, caBundle: string): string[] => [
  '--set',
  `external.enabled=true,webhooks.url=${url},webhooks.caBundle=${caBundle}`,
]
