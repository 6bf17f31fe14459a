import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ComponentName } from './components.ts'
import type { ProcessSpec } from './process.ts'

/** A running bed as data: enough for another process to use and control it. */
export interface BedState {
  readonly dir: string
  readonly url: string
  readonly kubectl: string
  /** Whether the bed writes geographic labels itself. */
  readonly label: boolean
  readonly components: Readonly<Record<ComponentName, ProcessSpec>>
}

export const stateFile = (dir: string): string => join(dir, 'bed.json')
export const auditFile = (dir: string): string => join(dir, 'log', 'audit.log')
export const adminKubeconfig = (dir: string): string => join(dir, 'admin.kubeconfig')

/** Appears whole, by a rename, when the bed is ready. */
export function writeState(state: BedState): void {
  const part = `${stateFile(state.dir)}.part`
  writeFileSync(part, JSON.stringify(state))
  renameSync(part, stateFile(state.dir))
}

export function readState(file: string): BedState {
  return JSON.parse(readFileSync(file, 'utf8')) as BedState
}
