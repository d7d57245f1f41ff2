import { closeSync, lstatSync, readdirSync, type Stats } from 'node:fs'
import { isErrno } from '@rocket/contracts'
import { linux, native } from '@rocket/host'

const openDirectory = linux.O_PATH | linux.O_DIRECTORY | linux.O_NOFOLLOW | linux.O_CLOEXEC
const nameOnly = linux.RESOLVE_BENEATH | linux.RESOLVE_NO_SYMLINKS | linux.RESOLVE_NO_XDEV

/**
 * What files take of the disk, as `du` counts: blocks, not lengths, so holes cost nothing; a file with several names once, across all
 * calls. Links are not followed, mounts not entered, and trees may be nested as deep as an archive can make them. What goes away
 * meanwhile counts for nothing.
 */
export class DiskUsage {
  readonly #counted = new Set<string>()

  /** Of a file, or of a directory with everything below. */
  bytesOf(path: string): number {
    const stat = statIfThere(path)
    if (stat === undefined) return 0
    return this.#once(stat) + (stat.isDirectory() ? this.#below(linux.AT_FDCWD, Buffer.from(path), 0) : 0)
  }

  #below(parent: number, name: Buffer, resolve: number): number {
    let fd: number
    try {
      fd = native().openat2(parent, name, openDirectory, 0, resolve)
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EXDEV')) return 0
      throw error
    }
    try {
      const here = Buffer.from(`/proc/self/fd/${fd}/`)
      let bytes = 0
      for (const entry of readdirSync(here, { encoding: 'buffer' })) {
        const stat = statIfThere(Buffer.concat([here, entry]))
        if (stat === undefined) continue
        bytes += this.#once(stat)
        if (stat.isDirectory()) bytes += this.#below(fd, entry, nameOnly)
      }
      return bytes
    } finally {
      closeSync(fd)
    }
  }

  #once(stat: Stats): number {
    if (!stat.isDirectory() && stat.nlink > 1) {
      const inode = `${stat.dev}:${stat.ino}`
      if (this.#counted.has(inode)) return 0
      this.#counted.add(inode)
    }
    // The unit of st_blocks is 512 bytes, whatever the file system's own is.
    return stat.blocks * 512
  }
}

function statIfThere(path: string | Buffer): Stats | undefined {
  try {
    return lstatSync(path)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}
