import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'

/** An address that answers 200 when a process is ready. */
export interface Probe {
  readonly url: string
}

const PROBE_MS = 2000

/**
 * Whether the address answers 200. The server's certificate is not checked: some components make one
 * of their own, and nothing secret is sent.
 */
export function probe({ url }: Probe): Promise<boolean> {
  const send = url.startsWith('https:') ? httpsRequest : httpRequest
  return new Promise((resolve) => {
    const req = send(url, { rejectUnauthorized: false, agent: false, timeout: PROBE_MS })
    req.on('response', (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    req.on('timeout', () => req.destroy())
    req.on('error', () => resolve(false))
    req.on('close', () => resolve(false))
    req.end()
  })
}
