import { closeSync, openSync } from 'node:fs'
import { isErrno, RocketError } from '@rocket/contracts'
import { syscallError } from './errors.ts'
import { linux } from './linux.ts'
import { native } from './native.ts'

export interface LockOptions {
  kind: 'shared' | 'exclusive'
  /** Wait for other holders; without it a held lock is LOCK_HELD. */
  wait?: boolean
}

/** The descriptor that holds the lock on a directory: closing the last copy of it, in any process, lets go. LOCK_HELD, or ENOENT as it is. */
export function lockDirectory(path: string, options: LockOptions): number {
  return lockOpened(openSync(path, linux.O_RDONLY | linux.O_DIRECTORY | linux.O_CLOEXEC), path, options)
}

/** The same on a file, made (0600) when it is not there. */
export function lockFile(path: string, options: LockOptions): number {
  return lockOpened(openSync(path, linux.O_RDWR | linux.O_CREAT | linux.O_CLOEXEC, 0o600), path, options)
}

/**
 * Whether somebody holds a directory's exclusive lock, learnt by taking a shared one for a moment (rkt's readers do the same: a reader that
 * kept it would make gc's attempt fail). `missing` when the directory is not there: pods move.
 */
export function probeLock(path: string): 'held' | 'free' | 'missing' {
  try {
    closeSync(lockDirectory(path, { kind: 'shared' }))
    return 'free'
  } catch (error) {
    if (error instanceof RocketError && error.code === 'LOCK_HELD') return 'held'
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return 'missing'
    throw error
  }
}

export function releaseLock(fd: number): void {
  closeSync(fd)
}

/**
 * Makes a copy of the lock's descriptor at `target` that programs executed from here keep (the first one stays as it was). The lock itself is
 * the open file's, so it is held as long as either is open. Returns `target`.
 */
export function keepAcrossExec(fd: number, target: number): number {
  return native().dup(fd, target, false)
}

/**
 * At start: descriptors that the caller let through become close-on-exec, but for 0, 1, 2 and those named, which a program executed from here
 * keeps. (Node marks some at its own start, those named among them, and stops at the first gap.)
 */
export function markInheritedCloseOnExec(keep: readonly number[] = []): void {
  native().closeRange(3, -1, true)
  for (const fd of keep) native().setCloexec(fd, false)
}

function lockOpened(fd: number, path: string, options: LockOptions): number {
  const kind = options.kind === 'shared' ? linux.LOCK_SH : linux.LOCK_EX
  try {
    native().flock(fd, options.wait === true ? kind : kind | linux.LOCK_NB)
    return fd
  } catch (error) {
    closeSync(fd)
    if (isErrno(error, 'EAGAIN')) throw new RocketError('LOCK_HELD', { what: `${path} is locked by another process`, cause: error })
    throw syscallError(error, `cannot lock ${path}`)
  }
}
