import { type FSWatcher, watch } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { GeoDatabase } from '../core/location/types.ts'
import type { Logger } from '../platform/log.ts'
import { databaseBuilds, databaseLoaded, databaseRefusals } from './locator/metrics.ts'
import { type OpenDatabase, openDatabase } from './locator/open-database.ts'

export interface DatabaseOptions {
  /** Files in MaxMind's format, the first asked first (some publishers have one per IP version). */
  readonly paths: readonly string[]
  readonly log: Logger
  /** Called after a database has been replaced or has appeared. */
  readonly onChange?: () => void
  /** Longest time in ms until a new file is noticed where the file system tells nothing. */
  readonly pollMs?: number
}

export interface Databases {
  /** The databases in use now. */
  current(): readonly GeoDatabase[]
  close(): void
}

/** Events of one replacement come in a burst: wait in ms until it is over. */
const BURST_MS = 100

/**
 * Keeps mounted IP databases in memory and up to date. A new file is taken once it is whole and has
 * been looked into; until then, and when the file vanishes, the old one stays in use. Resolves after
 * the first attempt at each file, never rejects: without a database all other sources still work.
 */
export async function startDatabases(options: DatabaseOptions): Promise<Databases> {
  const files = options.paths.map((path) => new DatabaseFile(path, options))
  await Promise.all(files.map((file) => file.start()))
  if (files.length === 0) options.log.info('no IP database configured: addresses are not looked up')
  return {
    current: () => files.flatMap((file) => file.database ?? []),
    close: () => {
      for (const file of files) file.close()
    },
  }
}

class DatabaseFile {
  database: OpenDatabase | undefined
  readonly #path: string
  readonly #options: DatabaseOptions
  /** Identity of the file that was last tried, good or bad. */
  #tried = ''
  #checking: Promise<void> | undefined
  #again = false
  #closed = false
  #poll: NodeJS.Timeout | undefined
  #burst: NodeJS.Timeout | undefined
  #watcher: FSWatcher | undefined

  constructor(path: string, options: DatabaseOptions) {
    this.#path = path
    this.#options = options
  }

  async start(): Promise<void> {
    databaseLoaded.set({ file: this.#path }, 0)
    this.#watch()
    this.#poll = setInterval(() => void this.#check(), this.#options.pollMs ?? 10_000)
    this.#poll.unref()
    await this.#check()
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#poll)
    clearTimeout(this.#burst)
    this.#watcher?.close()
    databaseBuilds.delete(this.#path)
    databaseLoaded.remove({ file: this.#path })
  }

  /** Watches the folder: a replacement is a new name in it (rename, or the kubelet's `..data` link). */
  #watch(): void {
    try {
      this.#watcher = watch(dirname(this.#path), { persistent: false }, () => this.#notice())
      // The folder was removed, or its file system cannot be watched: the poll goes on.
      this.#watcher.on('error', () => this.#watcher?.close())
    } catch (error) {
      this.#options.log.debug('folder of the IP database cannot be watched', { error })
    }
  }

  #notice(): void {
    // Not put off by further events: in a busy folder they never end.
    this.#burst ??= setTimeout(() => {
      this.#burst = undefined
      void this.#check()
    }, BURST_MS).unref()
  }

  /** One check at a time; a change noticed meanwhile is checked after it. */
  async #check(): Promise<void> {
    this.#again = true
    this.#checking ??= this.#checkWhileNoticed().finally(() => {
      this.#checking = undefined
    })
    await this.#checking
  }

  async #checkWhileNoticed(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false
      await this.#load()
    }
  }

  async #load(): Promise<void> {
    const before = await identity(this.#path)
    if (before === this.#tried) return
    this.#tried = before
    try {
      if (before === MISSING) throw new Error('there is no such file')
      const database = openDatabase(await readFile(this.#path))
      if ((await identity(this.#path)) !== before) throw new Error('it is being written')
      if (!this.#closed) this.#swap(database)
    } catch (error) {
      this.#refuse(error)
    }
  }

  #swap(database: OpenDatabase): void {
    this.database = database
    databaseLoaded.set({ file: this.#path }, 1)
    databaseBuilds.set(this.#path, database.builtAt)
    const { type, builtAt, ipVersion } = database
    this.#options.log.info('IP database loaded', { file: this.#path, type, builtAt, ipVersion })
    this.#options.onChange?.()
  }

  #refuse(error: unknown): void {
    if (this.#tried !== MISSING) databaseRefusals.inc({ file: this.#path })
    const message = this.database
      ? 'new IP database not taken, the old one stays in use'
      : 'no IP database: nodes are located by annotation and provider only'
    const why = error instanceof Error ? error.message : String(error)
    this.#options.log.warn(message, { file: this.#path, why })
  }
}

const MISSING = 'missing'

/** What changes whenever a path leads to other contents; links are followed. */
async function identity(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true })
    return [dev, ino, size, mtimeNs].join(' ')
  } catch {
    return MISSING
  }
}
