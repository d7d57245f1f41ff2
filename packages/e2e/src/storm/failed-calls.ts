import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** What happens to one system call of the program's main thread: it kills, or it fails. */
export interface Fault {
  readonly what: 'SIGKILL' | 'ENOSPC' | 'EDQUOT' | 'EIO'
  readonly call: string
  /** Which of the calls of this name, from 1. */
  readonly nth: number
}

const writing = [
  'write', 'writev', 'pwrite64', 'mkdir', 'mkdirat', 'symlinkat', 'linkat', 'link', 'rename', 'renameat2', 'fsync', 'fdatasync', 'ftruncate',
  'fsetxattr', 'openat', 'openat2',
]
/** Without newfstatat: those are the launcher's, whose number follows from the state of the checkout; Node calls statx. */
const onFiles = [
  ...writing, 'read', 'pread64', 'getdents64', 'statx', 'fchown', 'fchownat', 'fchmod', 'utimensat', 'unlinkat', 'unlink',
]
/** The calls that can meet it. Between two on files a kill leaves the same files, and the number of other calls varies from run to run. */
const calls: Readonly<Record<Fault['what'], readonly string[]>> = { SIGKILL: onFiles, ENOSPC: writing, EDQUOT: writing, EIO: onFiles }

/** Words to run a program through, so that this happens to it. */
export function failing({ what, call, nth }: Fault): string[] {
  const how = what === 'SIGKILL' ? 'signal=SIGKILL' : `error=${what}`
  return ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${call}`, '-e', `inject=${call}:${how}:when=${nth}`]
}

/** Words to run a program through, so that its calls are written to `file`. */
export function recording(file: string): string[] {
  return ['strace', '-f', '-qq', '-o', file]
}

/** So many faults, spread evenly over the calls of the main thread, from the one in which its last program first names `path`. */
export function spreadFaults(recorded: string, path: string, what: Fault['what'], count: number): Fault[] {
  const lines = readFileSync(recorded, 'utf8').split('\n')
  const main = lines[0]?.split(' ')[0]
  const met = new Map<string, number>()
  let begun = false
  const faults = lines.filter((line) => line.split(' ')[0] === main).flatMap((line): Fault[] => {
    const call = /^\d+ +([a-z0-9_]+)\(/.exec(line)?.[1]
    if (call === undefined) return []
    const nth = (met.get(call) ?? 0) + 1
    met.set(call, nth)
    // The shell and the launcher that come first are not what is tested.
    begun = call !== 'execve' && (begun || line.includes(path))
    return begun && calls[what].includes(call) ? [{ what, call, nth }] : []
  })
  if (faults.length < count) throw new Error(`${recorded} has ${faults.length} calls that could meet ${what}`)
  return Array.from({ length: count }, (_, index) => faults[Math.floor((faults.length * (index + 0.5)) / count)]!)
}

/** Why strace cannot do this here; false when it can. */
export const withoutStrace: false | string = findObstacle()

function findObstacle(): false | string {
  const [file = '', ...words] = [...failing({ what: 'EIO', call: 'getppid', nth: 1000 }), '/bin/true']
  const { error, status, stderr } = spawnSync(file, words, { encoding: 'utf8' })
  if (error !== undefined) return 'strace is not installed'
  return status === 0 ? false : `strace cannot trace here: ${stderr.trim().split('\n')[0]}`
}
