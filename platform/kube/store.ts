import { isDeepStrictEqual } from 'node:util'
import type { KubeObject } from '../../core/admission/types.ts'
import { log } from '../log.ts'
import { reflectorHandlerErrors, reflectorObjects } from './metrics.ts'

export interface StoreOptions<T> {
  /** Of the reflector: for logs and metrics, unique in the process. */
  readonly name: string
  /** The little that is kept of an object; undefined: nothing. Objects of lists lack apiVersion and kind. */
  project(object: KubeObject): T | undefined
  /** Whether two projections mean the same to onChange. Default: deep equality. */
  equal?(a: T, b: T): boolean
  onChange?(key: string, now: T | undefined, before: T | undefined): void
}

/** `namespace/name`, or `name` of a cluster-wide object. */
export function keyOf({ metadata }: KubeObject): string {
  const name = metadata.name ?? ''
  return metadata.namespace === undefined ? name : `${metadata.namespace}/${name}`
}

/**
 * Projected objects by key. An exception of project, equal or onChange is counted and logged; what
 * cannot be projected keeps its last known state.
 */
export class Store<T> {
  readonly items = new Map<string, T>()
  readonly #options: StoreOptions<T>

  constructor(options: StoreOptions<T>) {
    this.#options = options
  }

  /** Takes in an added or changed object; returns its key. */
  put(object: KubeObject): string {
    const key = keyOf(object)
    try {
      this.#set(key, this.#options.project(object))
    } catch (error) {
      this.#failed(key, error)
    }
    return key
  }

  remove(key: string): void {
    this.#set(key, undefined)
  }

  /** After a complete list: what was not in it has been deleted. */
  retain(keys: ReadonlySet<string>): void {
    for (const key of [...this.items.keys()]) if (!keys.has(key)) this.remove(key)
  }

  #set(key: string, now: T | undefined): void {
    const before = this.items.get(key)
    if (now === undefined) this.items.delete(key)
    else this.items.set(key, now)
    reflectorObjects.set({ name: this.#options.name }, this.items.size)
    try {
      if (!this.#same(before, now)) this.#options.onChange?.(key, now, before)
    } catch (error) {
      this.#failed(key, error)
    }
  }

  #same(before: T | undefined, now: T | undefined): boolean {
    if (before === undefined || now === undefined) return before === now
    const { equal } = this.#options
    return equal === undefined ? isDeepStrictEqual(before, now) : equal(before, now)
  }

  #failed(key: string, error: unknown): void {
    const { name } = this.#options
    reflectorHandlerErrors.inc({ name })
    log.error('a handler of a reflector failed', { reflector: name, key, error })
  }
}
