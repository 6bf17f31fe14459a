/** How to reach an API server and who we are there. */
export interface Connection {
  /** https URL; may hold a path prefix. */
  readonly url: string
  readonly ca?: string | Buffer
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
  /**
   * The bearer token, asked for before each request (so it must be cheap: cache inside). `rejected` is
   * the token that the API server has just answered with 401: do not give it from the cache again.
   */
  readonly token?: (rejected?: string) => string | Promise<string>
  /** Do not check the server's certificate. Only where the kubeconfig says so. */
  readonly insecure?: boolean
  /** Name to check the server's certificate against, if it is not the URL's host. */
  readonly serverName?: string
  /** Sent with each request (impersonation). */
  readonly headers?: Readonly<Record<string, string>>
}
