const LEVELS = { debug: 10, info: 20, warn: 30, error: 40, silent: 100 } as const
export type Level = keyof typeof LEVELS
export type Fields = Readonly<Record<string, unknown>>

export interface Logger {
  debug(message: string, fields?: Fields): void
  info(message: string, fields?: Fields): void
  warn(message: string, fields?: Fields): void
  error(message: string, fields?: Fields): void
  /** A logger that adds these fields to each line. */
  with(fields: Fields): Logger
}

export interface LogOptions {
  /** Default: EDGENET_LOG, else info. */
  readonly level?: Level
  /** Text for people instead of one JSON object a line. Default: whether stderr is a terminal. */
  readonly human?: boolean
  readonly write?: (line: string) => void
}

/** Errors do not survive JSON.stringify by themselves; BigInt throws there. */
function plain(value: unknown): unknown {
  if (value instanceof Error) {
    const { name, message, stack, cause } = value
    return { name, message, stack, ...(cause === undefined ? {} : { cause: plain(cause) }) }
  }
  return typeof value === 'bigint' ? String(value) : value
}

const attempt = (value: unknown): string => JSON.stringify(value, (_key, v) => plain(v)) ?? 'null'

/** A log line must never be the cause of a failure: a part that cannot be serialised says so. */
function stringify(value: unknown): string {
  try {
    return attempt(value)
  } catch (error) {
    return JSON.stringify(`unserialisable: ${error instanceof Error ? error.message : error}`)
  }
}

function jsonLine(level: Level, message: string, fields: Fields): string {
  const head = { time: new Date().toISOString(), level, message }
  try {
    return `${attempt({ ...head, fields })}\n`
  } catch {
    const safe = Object.entries(fields).map(([key, value]) => [key, JSON.parse(stringify(value))])
    return `${JSON.stringify({ ...head, fields: Object.fromEntries(safe) })}\n`
  }
}

function humanLine(level: Level, message: string, fields: Fields): string {
  const rest = Object.entries(fields).map(([key, value]) => {
    if (value instanceof Error) return `${key}=${value.stack ?? value.message}`
    return `${key}=${typeof value === 'string' ? value : stringify(value)}`
  })
  const time = new Date().toISOString().slice(11, 23)
  return `${[time, level.toUpperCase().padEnd(5), message, ...rest].join(' ')}\n`
}

function levelOf(given: string | undefined): Level {
  return given !== undefined && Object.hasOwn(LEVELS, given) ? (given as Level) : 'info'
}

/** Lines go to stderr: stdout belongs to what a command answers. */
export function createLogger(options: LogOptions = {}, base: Fields = {}): Logger {
  const threshold = LEVELS[options.level ?? levelOf(process.env['EDGENET_LOG'])]
  const human = options.human ?? process.stderr.isTTY === true
  const write = options.write ?? ((line: string) => process.stderr.write(line))
  const at =
    (level: Level) =>
    (message: string, fields: Fields = {}): void => {
      if (LEVELS[level] < threshold) return
      write((human ? humanLine : jsonLine)(level, message, { ...base, ...fields }))
    }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (fields) => createLogger(options, { ...base, ...fields }),
  }
}

/** The process' logger. */
export const log: Logger = createLogger()
