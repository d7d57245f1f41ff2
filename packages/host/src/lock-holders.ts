import { basename } from 'node:path'
import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs'

export interface LockHolder {
  pid: number
  /** The process that took the lock, which may be gone; 0 where it is of another pid namespace. */
  takenBy: number
}

/**
 * Who holds the exclusive lock on a directory: every process with a copy of the descriptor it was taken with, as far as it can be
 * seen from here. Others that have the directory open are not among them. Looks at all descriptors of the machine: for what is rare.
 */
export function lockHolders(directory: string): LockHolder[] {
  const { dev, ino } = statSync(directory)
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number)
  return pids.flatMap((pid) => {
    for (const fd of descriptorsOf(pid)) {
      const link = `/proc/${pid}/fd/${fd}`
      const takenBy = ifThere(() => {
        // In another mount namespace the path may be another one, but for its end.
        if (basename(readlinkSync(link)) !== basename(directory)) return undefined
        const stats = statSync(link)
        return stats.dev === dev && stats.ino === ino ? takerOf(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1')) : undefined
      })
      if (takenBy !== undefined) return [{ pid, takenBy }]
    }
    return []
  })
}

/** `lock: 1: FLOCK  ADVISORY  WRITE 1234 fe:00:42 0 EOF` stands only with descriptors of the open file that holds it (proc(5)). */
function takerOf(fdinfo: string): number | undefined {
  const taker = /^lock:\s+\d+: FLOCK\s+ADVISORY\s+WRITE\s+(-?\d+)/m.exec(fdinfo)?.[1]
  return taker === undefined ? undefined : Math.max(0, Number(taker))
}

function descriptorsOf(pid: number): string[] {
  return ifThere(() => readdirSync(`/proc/${pid}/fd`)) ?? []
}

/** Processes end and close descriptors while one looks; those of others may be closed to us. */
function ifThere<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}
