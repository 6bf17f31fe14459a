import { OpenBed, type Testbed } from './bed.ts'
import { startTestbed } from './index.ts'
import { readState } from './state.ts'

/** Environment variable with the state file of a bed that runs already. */
export const SHARED_STATE = 'EDGENET_TESTBED'

let shared: Promise<Testbed> | undefined

/** Starts the bed that test files share. It ends with this process. */
export function startShared(): Promise<Testbed> {
  return startTestbed({ nodes: 'world' })
}

function attach(file: string): Testbed {
  return new OpenBed(readState(file), async () => {})
}

/**
 * The bed that test files share: the running one (`npm test` starts it), or one of our own if a file
 * is run alone. Do not stop components of it: other files use it at the same time. `stop()` may be
 * called or not; an own bed ends with this process in any case.
 */
export function sharedTestbed(): Promise<Testbed> {
  const file = process.env[SHARED_STATE]
  shared ??= file ? Promise.resolve(attach(file)) : startShared()
  return shared
}
