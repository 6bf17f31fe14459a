import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

interface Pair {
  readonly client: Socket
  readonly server: Socket
  frozen: boolean
}

/** A TCP proxy before the API server, with the faults of real networks. */
export class FaultyProxy {
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  readonly #target: URL
  #refuse = false
  #drop = 0
  /** Connections so far. */
  accepted = 0

  private constructor(target: string) {
    this.#target = new URL(target)
    this.#server = createServer((client) => this.#accept(client))
  }

  static async before(target: string): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(target)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Connections that are open. */
  get open(): number {
    return this.#pairs.size
  }

  /** The connections of now carry nothing any more and are not closed either; new ones work. */
  freeze(): void {
    for (const pair of this.#pairs) {
      pair.frozen = true
      pair.client.pause()
      pair.server.pause()
    }
  }

  /** Closes all connections and refuses new ones, until `restore`. */
  cut(): void {
    this.#refuse = true
    for (const { client, server } of this.#pairs) {
      client.resetAndDestroy()
      server.destroy()
    }
  }

  restore(): void {
    this.#refuse = false
  }

  /** The next `count` pieces that clients send reset their connection instead of being delivered. */
  dropNext(count: number): void {
    this.#drop = count
  }

  async close(): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #accept(client: Socket): void {
    client.on('error', () => {})
    if (this.#refuse) {
      client.resetAndDestroy()
      return
    }
    this.accepted++
    const server = connect(Number(this.#target.port), this.#target.hostname)
    const pair: Pair = { client, server, frozen: false }
    this.#pairs.add(pair)
    const end = (): void => {
      this.#pairs.delete(pair)
      client.destroy()
      server.destroy()
    }
    client.on('data', (data) => {
      if (this.#drop > 0) {
        this.#drop--
        client.resetAndDestroy()
        end()
      } else server.write(data)
    })
    server.on('data', (data) => client.write(data))
    for (const socket of [client, server]) {
      socket.on('error', () => {})
      socket.on('close', end)
    }
  }
}
