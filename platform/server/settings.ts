/** Numbers of the hook server; each can be set, and each default has its reason here. */
export interface ServerSettings {
  /** Bytes. Two objects of 3 MiB (the API server's own limit for a write) and 1 MiB around them. */
  readonly bodyLimit: number
  /** ms. Above the 90 s after which Go clients drop an idle connection: the client hangs up first. */
  readonly keepAliveTimeout: number
  /** ms for the head of a request; at most requestTimeout (Node swaps the two otherwise). */
  readonly headersTimeout: number
  /** ms for a whole request to arrive; above 30 s, the longest timeout of a webhook. */
  readonly requestTimeout: number
  /** How often the two above are enforced, ms. */
  readonly connectionsCheckingInterval: number
  /** After so many requests a connection is closed, so that API servers spread over new replicas. */
  readonly maxRequestsPerSocket: number
  /** ms. While closing: a connection on which nothing was under way for so long is cut. */
  readonly quietPeriod: number
}

export const defaultSettings: ServerSettings = {
  bodyLimit: 7 * 1024 * 1024,
  keepAliveTimeout: 115_000,
  headersTimeout: 32_000,
  requestTimeout: 32_000,
  connectionsCheckingInterval: 5_000,
  maxRequestsPerSocket: 1000,
  quietPeriod: 1000,
}
