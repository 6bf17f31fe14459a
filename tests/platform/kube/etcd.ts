import { readFileSync } from 'node:fs'
import type { Testbed } from '../../testbed/index.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** What only the store itself can do, by etcd's JSON gateway. */
export class Etcd {
  readonly #url: string

  constructor(bed: Testbed) {
    const pid = bed.component('etcd').pid()
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    const flag = '--listen-client-urls='
    this.#url = args.find((arg) => arg.startsWith(flag))?.slice(flag.length) ?? ''
  }

  /** Forgets all history: watches and lists of older states can no more be served from the store. */
  async compact(): Promise<void> {
    const { header } = await this.#post('range', { key: base64('\0') })
    await this.#post('compaction', { revision: header.revision, physical: true })
  }

  /** Deletes an object behind the API server's back. */
  async delete(key: string): Promise<void> {
    const { deleted } = await this.#post('deleterange', { key: base64(key) })
    if (deleted !== '1') throw new Error(`etcd has no ${key}`)
  }

  async #post(
    verb: string,
    body: object,
  ): Promise<{ header: { revision: string }; deleted?: string }> {
    const answer = await fetch(`${this.#url}/v3/kv/${verb}`, {
      method: 'POST',
      body: JSON.stringify(body),
    })
    if (!answer.ok) throw new Error(`etcd ${verb}: ${await answer.text()}`)
    return (await answer.json()) as { header: { revision: string } }
  }
}
