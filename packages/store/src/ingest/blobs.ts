import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { storeLayout } from '@rocket/contracts'
import { readIfThere, syscallError, writeFileAtomic } from '@rocket/host'
import { parseDigest } from '@rocket/image'
import type { Store } from '../open-store.ts'
import type { Ingest } from './ingest-directory.ts'

/** Where the bytes with this digest lie, or would. Throws DIGEST_INVALID before anything becomes a path. */
export function blobPath(store: Store, digest: string): string {
  const { algorithm, hex } = parseDigest(digest)
  return join(store.directory, storeLayout.blobs, algorithm, hex)
}

export function hasBlob(store: Store, digest: string): boolean {
  return existsSync(blobPath(store, digest))
}

/** Small ones: manifests and configurations. Undefined when it is not there. */
export function findBlob(store: Store, digest: string): Buffer | undefined {
  return readIfThere(blobPath(store, digest))
}

/** The caller has verified that `bytes` have this digest. */
export function writeBlob(store: Store, digest: string, bytes: Buffer): void {
  const path = blobPath(store, digest)
  if (existsSync(path)) return
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  writeFileAtomic(path, bytes, { sync: true, mode: 0o600 })
}

/** Bytes on their way into the store, copied while something else reads them. */
export interface BlobWriter {
  /** Passes `source` through, keeping a copy. */
  through(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined>
  /** Gives the copy its name; to be called once the bytes are verified, and before the file system is synced. */
  commit(digest: string): void
  /** Repeatable, also after `commit`. */
  discard(): void
}

let serial = 0

export function createBlobWriter(ingest: Ingest): BlobWriter {
  const path = join(ingest.directory, `blob-${serial++}`)
  let fd: number | undefined = openSync(path, 'wx', 0o600)
  const close = (): void => {
    if (fd !== undefined) closeSync(fd)
    fd = undefined
  }
  return {
    async *through(source) {
      for await (const chunk of inLargePieces(source)) {
        try {
          for (let offset = 0; offset < chunk.length;) offset += writeSync(fd!, chunk, offset)
        } catch (error) {
          throw syscallError(error, 'the bytes of the image were not stored')
        }
        yield chunk
      }
    },
    commit(digest) {
      close()
      const to = blobPath(ingest.store, digest)
      mkdirSync(dirname(to), { recursive: true, mode: 0o700 })
      renameSync(path, to)
    },
    discard() {
      close()
      rmSync(path, { force: true })
    },
  }
}

const pieceBytes = 512 * 1024

/** What comes from a network comes in small pieces, and each costs a write and a call of the decompressor. */
async function* inLargePieces(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let pending: Buffer[] = []
  let length = 0
  for await (const chunk of source) {
    pending.push(chunk)
    length += chunk.length
    if (length < pieceBytes) continue
    yield pending.length === 1 ? chunk : Buffer.concat(pending, length)
    pending = []
    length = 0
  }
  if (length > 0) yield Buffer.concat(pending, length)
}
