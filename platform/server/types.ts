/** What these servers need of a logger. */
export interface Log {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
  error(message: string, fields?: Readonly<Record<string, unknown>>): void
}

/** One named condition of readiness or liveness. Answers from memory, at once. */
export interface HealthCheck {
  readonly name: string
  /** Why it fails, in words; undefined while all is well. Throwing counts as failing. */
  why(): string | undefined
}

/** A server that can be taken out of service without losing a request. */
export interface DrainableServer {
  /** From now on every answer asks the client to close its connection. Requests are still served. */
  drain(): void
  /** Stops listening, lets the requests under way finish, then resolves. */
  close(): Promise<void>
}
