import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, storeLayout } from '@rocket/contracts'
import { linux, namesIn, native } from '@rocket/host'
import { removeTreeAt } from '@rocket/image'
import { isStillAt } from '../locks.ts'
import type { Store } from '../open-store.ts'
import { isPartialBlob, removeOldPartialBlobs } from './partial-blob.ts'

/** A place in the store for half-made things of one process: nothing looks into it but its maker, and what is left in it is removed. */
export interface Ingest {
  store: Store
  /** Absolute, mode 0700, on the file system of the store, locked as long as we live. */
  directory: string
  release(): void
}

let serial = 0

/** Makes a directory below `ingest/`, and removes those of processes that are dead. */
export function openIngest(store: Store): Ingest {
  const parent = join(store.directory, storeLayout.ingest)
  for (;;) {
    const name = `${process.pid}-${Date.now().toString(36)}-${serial++}`
    const directory = join(parent, name)
    mkdirSync(directory, { mode: 0o700 })
    const fd = lockDirectory(directory)
    // Between the two calls it was nobody's, and another process may have cleaned it away.
    if (fd === undefined) continue
    return { store, directory, release: () => release(parent, name, fd) }
  }
}

/**
 * Removes what killed processes left: directories whose lock nobody holds. `locks` as well removes the lock files of trees, and what is left of
 * transfers that nobody took up, which is right only while the prepare lock keeps every fetch away.
 */
export function removeStaleIngests(store: Store, options: { locks?: boolean } = {}): void {
  const parent = join(store.directory, storeLayout.ingest)
  for (const entry of namesIn(parent)) {
    if (isPartialBlob(entry)) continue
    if (entry.endsWith('.lock')) {
      if (options.locks === true) rmSync(join(parent, entry), { force: true })
      continue
    }
    const fd = lockDirectory(join(parent, entry))
    if (fd !== undefined) release(parent, entry, fd)
  }
  if (options.locks === true) removeOldPartialBlobs(store)
}

/** Removes `name` in `directory` with everything below, never through a link. */
export function removeTree(directory: string, name: string): void {
  const fd = openSync(directory, linux.O_RDONLY | linux.O_DIRECTORY | linux.O_CLOEXEC)
  try {
    removeTreeAt(fd, Buffer.from(name))
  } finally {
    closeSync(fd)
  }
}

function lockDirectory(path: string): number | undefined {
  let fd: number
  try {
    fd = openSync(path, linux.O_RDONLY | linux.O_DIRECTORY | linux.O_NOFOLLOW | linux.O_CLOEXEC)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    if (isErrno(error, 'ENOTDIR', 'ELOOP')) {
      rmSync(path, { force: true })
      return undefined
    }
    throw error
  }
  try {
    native().flock(fd, linux.LOCK_EX | linux.LOCK_NB)
    if (isStillAt(path, fd)) return fd
  } catch (error) {
    if (!isErrno(error, 'EAGAIN', 'EWOULDBLOCK')) {
      closeSync(fd)
      throw error
    }
  }
  closeSync(fd)
  return undefined
}

/** Removed while the lock is held: who finds it free afterwards finds nothing. */
function release(parent: string, name: string, fd: number): void {
  try {
    removeTree(parent, name)
  } finally {
    closeSync(fd)
  }
}
