import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Pid of the holder; undefined while the file is gone or not written yet. */
function holder(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, 'utf8'))
    return pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function tryTake(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  }
}

/**
 * Runs `work` while this process alone holds the lock file; a lock whose holder has died is taken
 * over. `onWait` is called once, with the holder's pid, if we have to wait.
 */
export async function withLock<T>(
  file: string,
  onWait: (pid: number | undefined) => void,
  work: () => Promise<T>,
): Promise<T> {
  mkdirSync(dirname(file), { recursive: true })
  let waited = false
  while (!tryTake(file)) {
    const pid = holder(file)
    if (pid !== undefined && !alive(pid)) {
      rmSync(file, { force: true })
      continue
    }
    if (!waited) onWait(pid)
    waited = true
    await sleep(500)
  }
  try {
    return await work()
  } finally {
    rmSync(file, { force: true })
  }
}
