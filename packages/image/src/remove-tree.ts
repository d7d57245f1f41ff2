import { closeSync, readdirSync } from 'node:fs'
import { isErrno } from '@rocket/contracts'
import { linux, native } from '@rocket/host'

const openList = linux.O_RDONLY | linux.O_DIRECTORY | linux.O_NOFOLLOW | linux.O_CLOEXEC
const nameOnly = linux.RESOLVE_BENEATH | linux.RESOLVE_NO_SYMLINKS | linux.RESOLVE_NO_XDEV
/** A descriptor is held per level; what lies deeper is first moved up. */
const levels = 64

/**
 * Removes what `name` is in the open directory `parent`, with everything below, link by name and never through a link or into a mount.
 * Nothing happens if it is not there. Trees may be nested as deep as an archive can make them.
 */
export function removeTreeAt(parent: number, name: Buffer): void {
  const pending = [name]
  let moved = 0
  const moveUp = (directory: number, child: Buffer): boolean => {
    for (;;) {
      const aside = Buffer.from(`.removing-${process.pid}-${moved++}`)
      try {
        native().renameat2(directory, child, parent, aside, linux.RENAME_NOREPLACE)
        pending.push(aside)
        return true
      } catch (error) {
        // An overlay does not rename directories of its lower layers.
        if (isErrno(error, 'EXDEV')) return false
        if (!isErrno(error, 'EEXIST')) throw error
      }
    }
  }
  const remove = (directory: number, child: Buffer, depth: number): void => {
    let fd: number
    try {
      fd = native().openat2(directory, child, openList, 0, nameOnly)
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return
      if (!isErrno(error, 'ENOTDIR', 'ELOOP')) throw error
      native().unlinkat(directory, child, 0)
      return
    }
    try {
      for (const entry of readdirSync(`/proc/self/fd/${fd}`, { encoding: 'buffer', withFileTypes: true })) {
        if (!entry.isDirectory()) native().unlinkat(fd, entry.name, 0)
        else if (depth < levels || !moveUp(fd, entry.name)) remove(fd, entry.name, depth + 1)
      }
    } finally {
      closeSync(fd)
    }
    native().unlinkat(directory, child, linux.AT_REMOVEDIR)
  }
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) remove(parent, next, 0)
}
