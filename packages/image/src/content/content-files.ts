import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, RocketError } from '@rocket/contracts'

/** The files of an image by name, wherever they lie: in a directory, or in a tar archive. Names are relative, with `/`. */
export interface ContentFiles {
  /** The path of the directory or archive, for messages. */
  name: string
  /** Bytes of a regular file; undefined when there is none of this name. */
  sizeOf(name: string): number | undefined
  /** All of a small file; undefined when there is none. Throws IMAGE_ARCHIVE_INVALID for one of more than `mostBytes`. */
  read(name: string, mostBytes: number): Buffer | undefined
  /** A file in large pieces, each a Buffer of its own. Throws IMAGE_ARCHIVE_INVALID when there is none. */
  open(name: string, signal?: AbortSignal): AsyncGenerator<Buffer, void, undefined>
  close(): void
}

const chunkBytes = 1 << 20

/** The caller sees to it that a name cannot lead out of the directory: names are constants, or made of digests. */
export function openContentDirectory(directory: string): ContentFiles {
  return {
    name: directory,
    sizeOf: (name) => withFile(directory, name, (_fd, size) => size),
    read: (name, mostBytes) =>
      withFile(directory, name, (fd, size) => {
        if (size > mostBytes) throw tooLarge(directory, name, size, mostBytes)
        return readRange(fd, 0, size)
      }),
    async *open(name, signal) {
      const fd = openRegular(directory, name)
      if (fd === undefined) throw missing(directory, name)
      try {
        yield* readChunksAt(fd, { offset: 0, size: fstatSync(fd).size }, signal)
      } finally {
        closeSync(fd)
      }
    },
    close: () => {},
  }
}

export interface FileRange {
  offset: number
  size: number
}

/** A part of a file, as it is now: less comes when the file ends early. */
export async function* readChunksAt(fd: number, range: FileRange, signal?: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
  for (let done = 0; done < range.size;) {
    signal?.throwIfAborted()
    const chunk = Buffer.allocUnsafeSlow(Math.min(chunkBytes, range.size - done))
    const length = readSync(fd, chunk, 0, chunk.length, range.offset + done)
    if (length === 0) return
    done += length
    yield chunk.subarray(0, length)
  }
}

/** The same at once; shorter when the file is. */
export function readRange(fd: number, offset: number, size: number): Buffer {
  const bytes = Buffer.alloc(size)
  let length = 0
  for (let read = -1; read !== 0 && length < size; length += read) read = readSync(fd, bytes, length, size - length, offset + length)
  return bytes.subarray(0, length)
}

export function tooLarge(place: string, name: string, size: number, mostBytes: number): RocketError {
  return new RocketError('IMAGE_ARCHIVE_INVALID', {
    what: `${name} of ${place} was not read`,
    why: `it has ${size} bytes, at most ${mostBytes} are accepted`,
  })
}

export function missing(place: string, name: string): RocketError {
  return new RocketError('IMAGE_ARCHIVE_INVALID', {
    what: `${place} is not whole`,
    why: `it lacks ${name}`,
    hint: 'copy it again; of an image that was copied for one platform, the others are not there',
  })
}

function withFile<T>(directory: string, name: string, use: (fd: number, size: number) => T): T | undefined {
  const fd = openRegular(directory, name)
  if (fd === undefined) return undefined
  try {
    return use(fd, fstatSync(fd).size)
  } finally {
    closeSync(fd)
  }
}

function openRegular(directory: string, name: string): number | undefined {
  const path = join(directory, name)
  let fd: number
  try {
    // A pipe in the place of a file must not keep us waiting.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
  if (fstatSync(fd).isFile()) return fd
  closeSync(fd)
  throw new RocketError('IMAGE_ARCHIVE_INVALID', { what: `${path} was not read`, why: 'it is not a regular file' })
}
