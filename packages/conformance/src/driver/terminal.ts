import { closeSync, readSync } from 'node:fs'
import { isErrno } from '@rocket/contracts'
import { native } from '@rocket/host'
import type { DriveResult, DriveSpec } from './spec.ts'
import { spawnVector } from './vectors.ts'

/** As if `rkt run --interactive` were called on a terminal. */
export function launchOnTerminal(spec: DriveSpec, name: string, argv: readonly string[], result: DriveResult): number {
  const { master, slave } = native().openPty()
  const pid = spawnVector(spec, argv, name, [slave, slave, slave], { newSession: true, terminal: 0 })
  closeSync(slave)
  native().setNonblocking(master, true)
  result.terminal = ''
  terminals.push({ master, result })
  return pid
}

const terminals: { master: number; result: DriveResult }[] = []

/** What the apps have written there by now. */
export function readTerminals(): void {
  for (const { master, result } of terminals) {
    try {
      const buffer = Buffer.alloc(4096)
      result.terminal += buffer.toString('utf8', 0, readSync(master, buffer))
    } catch (error) {
      // Nothing now, or nobody there any more.
      if (!isErrno(error, 'EAGAIN', 'EIO')) throw error
    }
  }
}
