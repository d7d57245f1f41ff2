import { closeSync, readdirSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { isErrno, RocketError } from '@rocket/contracts'
import { linux, native } from '@rocket/host'
import { removeTreeAt } from './remove-tree.ts'

/** A directory of ours that something is unpacked into, by descriptor. */
export interface UnpackTarget {
  root: number
  close(): void
  /** Closes, and removes the directory with all that was unpacked, as far as it can: what failed before is what must be told. */
  remove(): void
}

/**
 * Makes `path` (mode 0700), or takes it if it is an empty directory that only we can have put there: not a link, ours, closed to others
 * for writing, no mount point (GHSA-pwhc-rpq9-4c8w). Its parent must exist. Throws UNPACK_TARGET_UNSAFE.
 */
export function openUnpackTarget(path: string): UnpackTarget {
  const parent = native().openat2(linux.AT_FDCWD, dirname(path), linux.O_PATH | linux.O_DIRECTORY | linux.O_CLOEXEC, 0, 0)
  const name = Buffer.from(basename(path))
  let root: number | undefined
  try {
    makeDirectory(parent, name)
    root = openOwn(parent, name, path)
    checkOwn(parent, root, path)
  } catch (error) {
    if (root !== undefined) closeSync(root)
    closeSync(parent)
    throw error
  }
  const opened = root
  const close = (): void => {
    closeSync(opened)
    closeSync(parent)
  }
  return {
    root: opened,
    close,
    remove: () => {
      try {
        removeTreeAt(parent, name)
      } catch {
        // Left for whoever clears the directory it lies in.
      }
      close()
    },
  }
}

function makeDirectory(parent: number, name: Buffer): void {
  try {
    native().mkdirat(parent, name, 0o700)
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error
  }
}

function openOwn(parent: number, name: Buffer, path: string): number {
  const resolve = linux.RESOLVE_BENEATH | linux.RESOLVE_NO_SYMLINKS | linux.RESOLVE_NO_XDEV
  try {
    return native().openat2(parent, name, linux.O_RDONLY | linux.O_DIRECTORY | linux.O_NOFOLLOW | linux.O_CLOEXEC, 0, resolve)
  } catch (error) {
    if (isErrno(error, 'ELOOP', 'ENOTDIR')) throw unsafe(path, 'it is not a directory', error)
    if (isErrno(error, 'EXDEV')) throw unsafe(path, 'it is a mount point', error)
    throw error
  }
}

function checkOwn(parent: number, root: number, path: string): void {
  const stat = native().fstatat(root, '', linux.AT_EMPTY_PATH)
  const above = native().fstatat(parent, '', linux.AT_EMPTY_PATH)
  if (stat.uid !== process.geteuid!()) throw unsafe(path, `it belongs to user ${stat.uid}`)
  if ((stat.mode & 0o022) !== 0) throw unsafe(path, `others may write into it (mode ${(stat.mode & 0o7777).toString(8)})`)
  if (stat.dev !== above.dev) throw unsafe(path, 'it is a mount point')
  if (readdirSync(`/proc/self/fd/${root}`).length > 0) throw unsafe(path, 'it is not empty')
}

function unsafe(path: string, why: string, cause?: unknown): RocketError {
  return new RocketError('UNPACK_TARGET_UNSAFE', {
    what: `cannot unpack into ${path}`,
    why,
    hint: 'remove it, or use another directory',
    cause,
  })
}
