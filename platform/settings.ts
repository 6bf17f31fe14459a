/** Environment variables of the processes; docs/reference/settings.md lists them. */
export class Settings {
  readonly #env: NodeJS.ProcessEnv

  constructor(env: NodeJS.ProcessEnv = process.env) {
    this.#env = env
  }

  /** Undefined when unset or empty. */
  text(name: string): string | undefined {
    return this.#env[name] || undefined
  }

  /** Throws an Error that names the variable when it is not set. */
  required(name: string): string {
    const value = this.text(name)
    if (value === undefined) throw new Error(`${name} is not set: see docs/reference/settings.md`)
    return value
  }

  /** Throws an Error when it is set to anything but an integer of at least `min`. */
  integer(name: string, fallback: number, min = 0): number {
    const value = this.text(name)
    if (value === undefined) return fallback
    const number = Number(value)
    if (Number.isInteger(number) && number >= min) return number
    throw new Error(`${name} must be an integer of at least ${min}, received ${value}`)
  }

  /** Comma-separated. */
  list(name: string): string[] {
    return (this.text(name) ?? '')
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean)
  }
}
