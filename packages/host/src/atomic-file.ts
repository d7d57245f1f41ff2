import { closeSync, fstatSync, fsyncSync, openSync, readdirSync, readSync, renameSync, rmSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { RocketError } from '@rocket/contracts'
import { syscallError } from './errors.ts'

export interface AtomicFileOptions {
  /** Sync the file before it is renamed and the directory after: it survives a power cut. Off: a crash of the machine may lose it. */
  sync?: boolean
  /** 0644 unless said. */
  mode?: number
}

const prefix = '.new-'
let serial = 0

/**
 * Written beside the target, then renamed over it: a reader sees the old content or the new, never a part. After a failure the old content
 * stands and nothing lies beside; after a kill, a file that `removeLeftovers` knows. Throws DISK_FULL or SYSCALL_FAILED.
 */
export function writeFileAtomic(path: string, data: string | Uint8Array, options: AtomicFileOptions = {}): void {
  const beside = nameBeside(path)
  try {
    const fd = openSync(beside, 'wx', options.mode ?? 0o644)
    try {
      writeAll(fd, typeof data === 'string' ? Buffer.from(data) : data)
      if (options.sync === true) fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(beside, path)
  } catch (error) {
    rmSync(beside, { force: true })
    throw syscallError(error, `cannot write ${path}`)
  }
  if (options.sync === true) syncDirectory(dirname(path))
}

/** A name of ours in the same directory that nobody has, and that `removeLeftovers` knows. */
export function nameBeside(path: string): string {
  return join(dirname(path), `${prefix}${process.pid}-${serial++}-${basename(path).slice(0, 200)}`)
}

/** Makes the names in a directory survive a power cut. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Removes what writers that were killed left in a directory: files whose writer lives no more. */
export function removeLeftovers(directory: string, isAlive: (pid: number) => boolean): void {
  for (const name of readdirSync(directory)) {
    const pid = /^\.new-(\d+)-/.exec(name)?.[1]
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(directory, name), { force: true })
  }
}

/** At most `maxBytes` of a regular file (4 MiB unless said). Errors of the file system are thrown as they are: ENOENT is often expected. */
export function readFileCapped(path: string, maxBytes: number = 4 << 20): Buffer {
  const fd = openSync(path, 'r')
  try {
    return readAllCapped(fd, path, maxBytes)
  } finally {
    closeSync(fd)
  }
}

/** JSON of a file that is not larger than it should be. Throws DOCUMENT_INVALID when it is, or is not JSON; ENOENT as Node does. */
export function readJsonFile(path: string, options: { maxBytes?: number } = {}): unknown {
  const text = readFileCapped(path, options.maxBytes).toString('utf8')
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new RocketError('DOCUMENT_INVALID', { what: `${path} is not JSON`, why: (cause as Error).message, cause })
  }
}

function readAllCapped(fd: number, path: string, maxBytes: number): Buffer {
  const size = fstatSync(fd).size
  if (size > maxBytes) throw tooLarge(path, maxBytes)
  // One byte more than the size: a read that returns nothing proves the end, and /proc files say 0.
  let buffer = Buffer.allocUnsafe(Math.min(size === 0 ? 65536 : size + 1, maxBytes + 1))
  let length = 0
  for (;;) {
    if (length === buffer.length) {
      if (length > maxBytes) throw tooLarge(path, maxBytes)
      buffer = Buffer.concat([buffer, Buffer.allocUnsafe(Math.min(length, maxBytes + 1 - length))])
    }
    const count = readSync(fd, buffer, length, buffer.length - length, null)
    if (count === 0) return buffer.subarray(0, length)
    length += count
  }
}

function tooLarge(path: string, maxBytes: number): RocketError {
  return new RocketError('DOCUMENT_INVALID', { what: `${path} is too large`, why: `more than ${maxBytes} bytes` })
}

/** From the start of the file, or of what was written through this descriptor. */
export function writeAll(fd: number, data: Uint8Array): void {
  for (let offset = 0; offset < data.length;) offset += writeSync(fd, data, offset)
}
