import type { MassLimits } from '../../core/healing/guards.ts'
import type { HoldLimits } from '../../core/healing/hold-down.ts'
import type { Patience } from '../../core/healing/verdict.ts'
import type { Settings } from '../../platform/settings.ts'

/** docs/how-to/heal.md says what each costs. */
export interface HealingSettings {
  readonly enabled: boolean
  /** Waited beyond a lease's own duration. */
  readonly marginMs: number
  /** Silence of the API server after which nothing is concluded; undefined: half a lease's duration. */
  readonly silenceMs: number | undefined
  readonly patience: Patience
  readonly mass: MassLimits
  readonly hold: HoldLimits
}

/** Throws an Error that names the variable when one has no right value. */
export function healingSettings(settings: Settings): HealingSettings {
  const seconds = (name: string, fallback: number, min = 0) =>
    settings.integer(`EDGENET_HEALING_${name}_SECONDS`, fallback, min) * 1000
  const silenceMs = seconds('SILENCE', 0)
  const hold = { minMs: seconds('HOLD_MIN', 30), maxMs: seconds('HOLD_MAX', 600) }
  if (hold.minMs > hold.maxMs) {
    throw new Error(
      'EDGENET_HEALING_HOLD_MIN_SECONDS must not be more than EDGENET_HEALING_HOLD_MAX_SECONDS',
    )
  }
  return {
    enabled: onOrOff(settings, 'EDGENET_HEALING'),
    marginMs: settings.integer('EDGENET_HEALING_MARGIN_MS', 500),
    silenceMs: silenceMs === 0 ? undefined : silenceMs,
    patience: {
      notReadyMs: seconds('NOT_READY', 10),
      unreachableMs: seconds('UNREACHABLE', 0),
      deletedMs: seconds('DELETED', 2),
    },
    mass: { windowMs: seconds('WINDOW', 60, 1), releaseMs: seconds('RELEASE', 300, 1) },
    hold,
  }
}

function onOrOff(settings: Settings, name: string): boolean {
  const value = settings.text(name) ?? 'on'
  if (value === 'on' || value === 'off') return value === 'on'
  throw new Error(`${name} must be on or off, received ${value}`)
}
