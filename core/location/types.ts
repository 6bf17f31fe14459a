import type { ContinentCode } from '../geo/continents.ts'

/** Where a node's place was learnt, best first; also the value of the label `location-source`. */
export const SOURCES = ['manual', 'provider', 'claim', 'ip'] as const
export type Source = (typeof SOURCES)[number]

/** A place on Earth as far as a source knows it. A field that is not known is absent, never empty. */
export interface Place {
  readonly continent?: ContinentCode
  /** ISO 3166-1 alpha-2. */
  readonly country?: string
  /** ISO 3166-2, first level, without the country: `IDF`. */
  readonly subdivision?: string
  /** English name, or a GeoNames number where there is no name that can be written in ASCII. */
  readonly city?: string
  /** Degrees; always together with `lon`. */
  readonly lat?: number
  readonly lon?: number
  /** Radius in km in which the node is thought to be; absent: not stated by the source. */
  readonly accuracyKm?: number
}

/** Why a node has no place: a reason for conditions (CamelCase) and a sentence. */
export interface Problem {
  readonly reason:
    | 'ManualLocationInvalid'
    | 'NoPublicAddress'
    | 'NoDatabase'
    | 'AddressUnknown'
    | 'LookupFailed'
  readonly message: string
}

/**
 * What one source says. `final` forbids the sources after it to answer. A source that has nothing to
 * go by (no annotation, no known provider) says undefined.
 */
export type Answer =
  | { readonly place: Place; readonly from: string }
  | { readonly problem: Problem; readonly final?: boolean }
  | undefined

/** A source's outside knowledge; whatever it needs besides the node itself. */
export interface Lookups {
  /** IP databases, first one first; empty when none is mounted. */
  readonly databases: readonly GeoDatabase[]
}

/** A MaxMind-format database. */
export interface GeoDatabase {
  /** A database for IPv4 answers IPv6 questions with somebody else's record. */
  readonly ipVersion: 4 | 6
  /** The record of the address' network in whatever shape the database has; null: unknown. May throw. */
  get(address: string): unknown
}

/** The fields that are known. */
export function present(fields: { readonly [K in keyof Place]: Place[K] | undefined }): Place {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
