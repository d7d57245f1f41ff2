import { closeSync, fstatSync, openSync, statSync } from 'node:fs'
import { isErrno, RocketError } from '@rocket/contracts'
import { childrenOf, type HandoffFiles, isAlive, linux, native } from '@rocket/host'

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * Refuses a program that is not in an app, seen as the app's own process sees it, with its volumes. Where there is no such process, or the
 * kernel does not say, it is left to the flavor. Throws APP_PROGRAM_MISSING, APP_PROGRAM_NOT_EXECUTABLE.
 */
export function requireProgram(files: HandoffFiles, app: string, program: string): void {
  const root = findRoot(files, app)
  if (root === undefined) return
  const rootFd = openSync(root, linux.O_PATH | linux.O_DIRECTORY | linux.O_CLOEXEC)
  try {
    const found = candidates(files, app, program).map((path) => kindOf(rootFd, path))
    if (found.includes('program') || found.includes('unknown')) return
    const what = `cannot enter app ${JSON.stringify(app)}`
    const hint = 'name a program that the app has, such as /bin/sh'
    if (!found.includes('other')) throw new RocketError('APP_PROGRAM_MISSING', { what, why: `it has no program ${program}`, hint })
    throw new RocketError('APP_PROGRAM_NOT_EXECUTABLE', { what, why: `${program} is no file that may be executed`, hint })
  } finally {
    closeSync(rootFd)
  }
}

/** A process that `status.json` names may be the launcher of the app, whose root is that of the pod: then its child is the app. */
function findRoot(files: HandoffFiles, app: string): string | undefined {
  const launched = files.find('AppStatus', app)?.process
  if (launched === undefined || !isAlive(launched.pid, launched.startTime)) return undefined
  const ofPod = identityOf(rootOf(files.read('Sandbox').holder.pid))
  return [launched.pid, ...childrenOf(launched.pid)].map(rootOf).find((root) => ![undefined, ofPod].includes(identityOf(root)))
}

function rootOf(pid: number): string {
  return `/proc/${pid}/root`
}

function identityOf(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats === undefined ? undefined : `${stats.dev} ${stats.ino}`
}

/** Whoever enters is in `/`. */
function candidates(files: HandoffFiles, app: string, program: string): string[] {
  if (program.includes('/')) return [program]
  const path = files.read('App', app).environment.find(({ name }) => name === 'PATH')?.value ?? defaultPath
  return path.split(':').map((directory) => `${directory}/${program}`)
}

function kindOf(rootFd: number, path: string): 'missing' | 'program' | 'other' | 'unknown' {
  let fd: number
  try {
    fd = native().openat2(rootFd, path, linux.O_PATH | linux.O_CLOEXEC, 0, linux.RESOLVE_IN_ROOT)
  } catch (error) {
    return isErrno(error, 'ENOENT', 'ENOTDIR') ? 'missing' : 'unknown'
  }
  try {
    const stats = fstatSync(fd)
    return stats.isFile() && (stats.mode & 0o111) !== 0 ? 'program' : 'other'
  } finally {
    closeSync(fd)
  }
}
