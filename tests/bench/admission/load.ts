import { Agent, request } from 'node:https'

export interface Target {
  /** Without a path. */
  readonly url: string
  /** PEM. */
  readonly ca: string
}

export interface Answer {
  readonly allowed: boolean
  /** From the first byte sent to the last byte read. */
  readonly ms: number
  readonly body: string
}

/** Keep-alive connections to the webhooks, as the API server has them. */
export class Load {
  readonly #agent: Agent
  readonly #url: string
  readonly #connections: number

  constructor({ url, ca }: Target, connections: number) {
    this.#url = `${url}/hooks/placement?timeout=10s`
    this.#connections = connections
    this.#agent = new Agent({ ca, keepAlive: true, maxSockets: connections, scheduling: 'fifo' })
  }

  /** Sends `count` bodies, each connection one after the other. Returns the answers and the rate per second. */
  async run(count: number, body: (i: number) => string) {
    // Made before: the client shares the cores with the server.
    const bodies = Array.from({ length: count }, (_, i) => body(i))
    const answers: Answer[] = []
    let next = 0
    const began = performance.now()
    const connection = async () => {
      while (next < count) answers.push(await this.#post(bodies[next++] as string))
    }
    await Promise.all(Array.from({ length: this.#connections }, connection))
    return { answers, perSecond: (count / (performance.now() - began)) * 1000 }
  }

  close(): void {
    this.#agent.destroy()
  }

  #post(body: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const began = performance.now()
      const headers = {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(body)),
      }
      const options = { method: 'POST', agent: this.#agent, headers }
      const outgoing = request(this.#url, options, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const ms = performance.now() - began
          const text = Buffer.concat(chunks).toString()
          if (response.statusCode !== 200) {
            reject(new Error(`the webhooks answer ${response.statusCode}: ${text}`))
            return
          }
          const { response: answer } = JSON.parse(text) as { response: { allowed: boolean } }
          resolve({ allowed: answer.allowed, ms, body: text })
        })
      })
      outgoing.on('error', reject)
      outgoing.end(body)
    })
  }
}
