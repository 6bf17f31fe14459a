import { type Freeze, freezes, type MassLimits, type Missing } from '../../core/healing/guards.ts'
import { COUNTRY_LABEL } from '../../core/placement/choice/membership.ts'
import type { EventRecorder } from '../../platform/kube/events.ts'
import { log } from '../../platform/log.ts'
import type { PlacementCluster } from '../placement/cluster.ts'
import { frozenNodes } from './metrics.ts'

/** Counting all nodes takes about 1 ms at 5,000: not for each of a thousand losses at once. */
const FRESH_MS = 100

export interface MassGuardOptions {
  readonly cluster: PlacementCluster
  readonly events: EventRecorder
  readonly limits: MassLimits
  /** All nodes that cannot be seen to be alive. */
  missing(): readonly Missing[]
  countryOf(name: string): string | undefined
}

/** Holds healing back while too many nodes of a country, or of all, have vanished together. */
export class MassGuard {
  readonly #options: MassGuardOptions
  #freezes: readonly Freeze[] = []
  #readMs = Number.NEGATIVE_INFINITY

  constructor(options: MassGuardOptions) {
    this.#options = options
  }

  /** Ends what is over. Costs nothing while nothing is frozen. */
  refresh(): void {
    if (this.#freezes.length > 0) this.#current()
  }

  isFrozen(name: string): boolean {
    return this.#current().some(({ frozen }) => frozen.has(name))
  }

  #current(): readonly Freeze[] {
    const nowMs = performance.now()
    if (nowMs - this.#readMs < FRESH_MS) return this.#freezes
    const { cluster, limits, countryOf, missing } = this.#options
    const countries = new Map<string, number>()
    for (const { labels } of cluster.nodes.views.values()) {
      const country = labels[COUNTRY_LABEL]
      if (country !== undefined) countries.set(country, (countries.get(country) ?? 0) + 1)
    }
    const population = { total: cluster.nodes.views.size, countries, countryOf }
    const now = freezes(missing(), population, limits, nowMs)
    this.#tell(this.#freezes, now)
    this.#freezes = now
    this.#readMs = nowMs
    return now
  }

  #tell(before: readonly Freeze[], now: readonly Freeze[]): void {
    frozenNodes.set(new Set(now.flatMap(({ frozen }) => [...frozen])).size)
    for (const freeze of now) if (!isAmong(freeze, before)) this.#event(freeze, true)
    for (const freeze of before) if (!isAmong(freeze, now)) this.#event(freeze, false)
  }

  /** On one of the nodes, since the object that it is about, an area, is none. */
  #event({ frozen, total, country }: Freeze, begins: boolean): void {
    const [node = ''] = [...frozen].sort()
    const where = country === undefined ? 'nodes' : `nodes of ${country}`
    const { windowMs, releaseMs } = this.#options.limits
    const note = begins
      ? `${frozen.size} of ${total} ${where} vanished within ${windowMs / 1000} s: nothing is moved until some come back or ${releaseMs / 1000} s have passed`
      : `healing of the ${where} goes on`
    log.warn(note, { frozen: [...frozen].sort().slice(0, 20) })
    this.#options.events.record(
      { apiVersion: 'v1', kind: 'Node', name: node, uid: node },
      {
        type: begins ? 'Warning' : 'Normal',
        reason: begins ? 'HealingFrozen' : 'HealingResumed',
        action: 'Heal',
        note,
      },
    )
  }
}

const isAmong = ({ country }: Freeze, freezes: readonly Freeze[]): boolean =>
  freezes.some((other) => other.country === country)
