import { type ChildProcess, spawn } from 'node:child_process'

/**
 * Environment variable that marks every process of a bed, with the bed's folder as value. Children
 * inherit it, so nothing that belongs to a bed can hide, and no other process is ever hit.
 */
export const MARK = 'EDGENET_BED'

/**
 * Waits until its stdin closes, kills every marked process and removes the folder. The kernel closes
 * the pipe however the owner ends (exit, crash, SIGKILL), so there is one way of cleaning up only.
 * It looks until nothing was there twice: a process may start children while it is being killed, and
 * shows no environment in the middle of exec.
 */
const SCRIPT = `
trap '' INT TERM HUP QUIT
cat >/dev/null
rounds=0
empty=0
while [ $rounds -lt 200 ] && [ $empty -lt 2 ]; do
  marked=$(grep -lszxF -- "${MARK}=$1" /proc/[0-9]*/environ)
  [ -z "$marked" ] && empty=$((empty + 1)) || empty=0
  for file in $marked; do
    pid=\${file#/proc/}
    kill -KILL "\${pid%/environ}" 2>/dev/null
  done
  rounds=$((rounds + 1))
  sleep 0.03
done
rm -rf -- "$1"
`

export interface Watchdog {
  /** Ends everything of the bed and resolves when it is gone. */
  stop(): Promise<void>
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => child.once('exit', () => resolve()))
}

/** Starts the watchdog of a bed's folder: the folder and its processes end with this process. */
export function startWatchdog(dir: string): Watchdog {
  // Of a session of its own: a Ctrl-C in the terminal does not reach it.
  const child = spawn('sh', ['-c', SCRIPT, 'edgenet-watchdog', dir], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
  })
  // The bed must not keep its owner's event loop alive.
  child.unref()
  const pipe = child.stdin as typeof child.stdin & { unref?: () => void }
  pipe.unref?.()
  return {
    async stop() {
      child.ref()
      child.stdin.end()
      await ended(child)
    },
  }
}
