import { closeSync, constants, fstatSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { RocketError } from '@rocket/contracts'
import { syscallError } from '@rocket/host'
import { detectCompression, sniffBytes } from '../compression.ts'
import { openArchive } from '../decompress.ts'
import { type ContentFiles, missing, readChunksAt, readRange, tooLarge } from './content-files.ts'
import { indexTar } from './tar-index.ts'

let serial = 0

/**
 * The files in a tar archive, which stays as it is: entries are looked up in an index of the archive and read where they lie. A compressed
 * archive (gzip, zstd, xz, bzip2) is expanded first, within the usual limits, into a file in `scratch` that has no name.
 * Throws IMAGE_ARCHIVE_INVALID, LAYER_CORRUPT, LAYER_TOO_LARGE, ENTRY_*, PROGRAM_MISSING, DISK_FULL.
 */
export async function openContentArchive(path: string, scratch: string): Promise<ContentFiles> {
  let fd = openFile(path)
  try {
    if (detectCompression(readRange(fd, 0, sniffBytes)) !== 'none') {
      const expanded = await expand(fd, scratch)
      closeSync(fd)
      fd = expanded
    }
    const index = indexTar(fd, path)
    return {
      name: path,
      sizeOf: (name) => index.get(name)?.size,
      read: (name, mostBytes) => {
        const range = index.get(name)
        if (range === undefined) return undefined
        if (range.size > mostBytes) throw tooLarge(path, name, range.size, mostBytes)
        return readRange(fd, range.offset, range.size)
      },
      open: (name, signal) => {
        const range = index.get(name)
        if (range === undefined) throw missing(path, name)
        return readChunksAt(fd, range, signal)
      },
      close: () => closeSync(fd),
    }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

function openFile(path: string): number {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    throw syscallError(error, `the archive ${path} cannot be read`)
  }
  if (fstatSync(fd).isFile()) return fd
  closeSync(fd)
  throw new RocketError('IMAGE_ARCHIVE_INVALID', {
    what: `${path} is not an archive`,
    why: 'it is not a regular file',
    hint: 'a directory is named with oci:DIR or dir:DIR',
  })
}

async function expand(from: number, scratch: string): Promise<number> {
  const path = join(scratch, `archive-${process.pid}-${serial++}`)
  const fd = openSync(path, 'wx+', 0o600)
  rmSync(path)
  try {
    const source = readChunksAt(from, { offset: 0, size: fstatSync(from).size })
    const { chunks } = await openArchive(source)
    for await (const chunk of chunks) for (let offset = 0; offset < chunk.length;) offset += writeSync(fd, chunk, offset)
    return fd
  } catch (error) {
    closeSync(fd)
    throw error instanceof Error && 'syscall' in error ? syscallError(error, `the archive was not expanded into ${scratch}`) : error
  }
}
