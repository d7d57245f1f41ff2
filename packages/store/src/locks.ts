import { closeSync, fstatSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isErrno } from '@rocket/contracts'
import { linux, native } from '@rocket/host'
import { dataDirectoryOf, type Store } from './open-store.ts'

/** A lock that is held. `release` closes the descriptor; the kernel does the same when the process dies. */
export interface Lock {
  fd: number
  release(): void
}

/**
 * Shared while something of the store is being taken into use and not yet pinned; exclusive while bytes are removed. Waits.
 * The file is rkt's `locks/prepareLock` in the data directory.
 */
export function lockPrepare(store: Store, mode: 'shared' | 'exclusive'): Lock {
  const path = prepareLockPath(store)
  const fd = openSync(path, 'a', 0o600)
  try {
    native().flock(fd, mode === 'shared' ? linux.LOCK_SH : linux.LOCK_EX)
  } catch (error) {
    closeSync(fd)
    throw error
  }
  return { fd, release: () => closeSync(fd) }
}

/** Undefined when someone else has it. */
export function tryLockPrepareExclusive(store: Store): Lock | undefined {
  return tryLock(prepareLockPath(store))
}

/**
 * One attempt at an exclusive lock on a file that its holders remove: when the path names another file once the lock is held, the
 * holder before us took it away, and we hold nothing.
 */
export function tryLock(path: string, flags: 'a' | 'a+' = 'a'): Lock | undefined {
  for (;;) {
    const fd = openSync(path, flags, 0o600)
    try {
      native().flock(fd, linux.LOCK_EX | linux.LOCK_NB)
    } catch (error) {
      closeSync(fd)
      if (isErrno(error, 'EAGAIN', 'EWOULDBLOCK')) return undefined
      throw error
    }
    if (isStillAt(path, fd)) return { fd, release: () => closeSync(fd) }
    closeSync(fd)
  }
}

export function isStillAt(path: string, fd: number): boolean {
  const held = fstatSync(fd)
  try {
    const there = statSync(path)
    return there.ino === held.ino && there.dev === held.dev
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false
    throw error
  }
}

function prepareLockPath(store: Store): string {
  const path = join(dataDirectoryOf(store), 'locks/prepareLock')
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  return path
}
