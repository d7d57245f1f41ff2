import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { isErrno } from '@rocket/contracts'
import { linux } from '@rocket/host'

const maxBytes = 1 << 20

/**
 * A file that decides what confines an app: read only when it is a regular file of ours that nobody else can write. Anything else counts
 * as not there.
 */
export function readOwnFile(path: string): Buffer | undefined {
  let fd: number
  try {
    fd = openSync(path, linux.O_RDONLY | linux.O_NOFOLLOW | linux.O_NONBLOCK | linux.O_CLOEXEC)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES')) return undefined
    throw error
  }
  try {
    const stats = fstatSync(fd)
    if (!stats.isFile() || stats.uid !== process.geteuid?.() || (stats.mode & 0o022) !== 0 || stats.size > maxBytes) return undefined
    const bytes = Buffer.alloc(stats.size)
    for (let length = 0; length < bytes.length;) {
      const count = readSync(fd, bytes, length, bytes.length - length, null)
      if (count === 0) return undefined
      length += count
    }
    return bytes
  } finally {
    closeSync(fd)
  }
}
