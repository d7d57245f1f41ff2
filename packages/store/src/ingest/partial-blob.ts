import { closeSync, fstatSync, readdirSync, readSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, storeLayout } from '@rocket/contracts'
import { tryLock } from '../locks.ts'
import type { Store } from '../open-store.ts'
import { shortName } from '../store-names.ts'

/** What came of a transfer before it broke off, for the next attempt at the same; the file is locked as long as it is open. */
export interface PartialBlob {
  path: string
  /** Appends. */
  fd: number
  sizeBytes: number
}

const suffix = '.partial'
/** An attempt that nobody took up for this long is collected. */
const keptMs = 24 * 3600 * 1000
const chunkBytes = 1 << 20

/**
 * `ingest/<name>.partial`, empty when there is none yet; `key` names the content, and may be any text. Undefined while somebody else, in
 * whatever process, is writing the same. Its bytes are nobody's word: whoever goes on with them hashes them again.
 */
export function openPartialBlob(store: Store, key: string): PartialBlob | undefined {
  const path = join(store.directory, storeLayout.ingest, `${shortName(key)}${suffix}`)
  const lock = tryLock(path, 'a+')
  return lock === undefined ? undefined : { path, fd: lock.fd, sizeBytes: fstatSync(lock.fd).size }
}

/** Synchronous reads in large pieces, from the beginning. */
export function* readPartialBlob({ fd, sizeBytes }: PartialBlob): Generator<Buffer, void, undefined> {
  for (let position = 0; position < sizeBytes;) {
    const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, sizeBytes - position))
    const length = readSync(fd, chunk, 0, chunk.length, position)
    if (length === 0) return
    position += length
    yield chunk.subarray(0, length)
  }
}

export function isPartialBlob(name: string): boolean {
  return name.endsWith(suffix)
}

/** One that somebody may still take up; `name` is in `ingest`. */
export function isYoungPartialBlob(store: Store, name: string): boolean {
  const stats = isPartialBlob(name) ? statSync(join(store.directory, storeLayout.ingest, name), { throwIfNoEntry: false }) : undefined
  return stats !== undefined && Date.now() - stats.mtimeMs <= keptMs
}

/** Right only while the prepare lock keeps every fetch away. */
export function removeOldPartialBlobs(store: Store): void {
  const directory = join(store.directory, storeLayout.ingest)
  const old = readdirSync(directory).filter((name) => isPartialBlob(name) && !isYoungPartialBlob(store, name))
  for (const name of old) rmSync(join(directory, name), { force: true })
}

/** Gives up the lock, and without `keep` the bytes. */
export function closePartialBlob({ path, fd }: Pick<PartialBlob, 'path' | 'fd'>, keep: boolean): void {
  try {
    if (!keep) rmSync(path)
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error
  } finally {
    closeSync(fd)
  }
}
