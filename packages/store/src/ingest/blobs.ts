import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { storeLayout } from '@rocket/contracts'
import { collectRecentGarbage, readIfThere, syscallError, writeFileAtomic } from '@rocket/host'
import { parseDigest } from '@rocket/image'
import type { Store } from '../open-store.ts'
import type { Ingest } from './ingest-directory.ts'
import { closePartialBlob, openPartialBlob, readPartialBlob } from './partial-blob.ts'

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
  /** The copy as it grows. */
  readonly path: string
  /**
   * Passes a transfer through, keeping a copy. What an earlier attempt left comes first, and `open` is asked for the rest. A piece may be
   * used until the next is asked for.
   */
  through(open: OpenTransfer): AsyncGenerator<Buffer, void, undefined>
  /** The same for one who reads the copy: how many bytes it has, each time that there are more. */
  grow(open: OpenTransfer): AsyncGenerator<number, void, undefined>
  /** Something is wrong with what came: nothing of it stays, even if it broke off. */
  condemn(): void
  /** Gives the copy its name; to be called once the bytes are verified, and before the file system is synced. */
  commit(digest: string): void
  /**
   * Repeatable, also after `commit`. What came of a transfer that broke off, or was given up, stays for the next attempt; what came to its
   * end and was not committed does not: something is wrong with it.
   */
  discard(): void
}

/** The bytes from `fromByte` on. */
export type OpenTransfer = (fromByte: number) => AsyncIterable<Buffer> | Promise<AsyncIterable<Buffer>>

export interface BlobWriterOptions {
  /** Names the content, whatever process asks for it: a transfer that breaks off is taken up by the next one with the same key. */
  resumeKey?: string | undefined
  /** Called first when an earlier attempt left something. */
  onResume?: ((fromByte: number) => void) | undefined
  /** The transfer was given up when it is aborted. */
  signal?: AbortSignal | undefined
}

let serial = 0

export function createBlobWriter(ingest: Ingest, { resumeKey, onResume, signal }: BlobWriterOptions = {}): BlobWriter {
  const partial = resumeKey === undefined ? undefined : openPartialBlob(ingest.store, resumeKey)
  const path = partial?.path ?? join(ingest.directory, `blob-${serial++}`)
  let fd: number | undefined = partial?.fd ?? openSync(path, 'wx', 0o600)
  let writtenBytes = partial?.sizeBytes ?? 0
  let brokeOff = false
  let isCondemned = false
  const write = (chunk: Buffer): void => {
    try {
      for (let offset = 0; offset < chunk.length;) offset += writeSync(fd!, chunk, offset)
      writtenBytes += chunk.length
    } catch (error) {
      throw syscallError(error, 'the bytes of the image were not stored')
    }
  }
  const receive = async function* (open: OpenTransfer): AsyncGenerator<Buffer, void, undefined> {
    const pieces = inLargePieces(writtenBytes, open)
    try {
      for (;;) {
        let next: IteratorResult<Buffer>
        try {
          next = await pieces.next()
        } catch (error) {
          brokeOff = true
          throw error
        }
        if (next.done === true) return
        write(next.value)
        yield next.value
      }
    } finally {
      await pieces.return()
    }
  }
  return {
    path,
    async *through(open) {
      if (writtenBytes > 0) onResume?.(writtenBytes)
      if (partial !== undefined) yield* readPartialBlob(partial)
      yield* receive(open)
    },
    async *grow(open) {
      if (writtenBytes > 0) {
        onResume?.(writtenBytes)
        yield writtenBytes
      }
      for await (const _piece of receive(open)) yield writtenBytes
    },
    condemn() {
      isCondemned = true
    },
    commit(digest) {
      const to = blobPath(ingest.store, digest)
      mkdirSync(dirname(to), { recursive: true, mode: 0o700 })
      renameSync(path, to)
      if (fd !== undefined) closeSync(fd)
      fd = undefined
    },
    discard() {
      if (fd === undefined) return
      const mayGoOn = partial !== undefined && writtenBytes > 0 && !isCondemned && (brokeOff || signal?.aborted === true)
      closePartialBlob({ path, fd }, mayGoOn)
      fd = undefined
    },
  }
}

const pieceBytes = 512 * 1024
const piecesBetweenCollections = 16

/** What comes from a network comes in small pieces, and each costs a write and a call of the decompressor. They are gathered in one place. */
async function* inLargePieces(fromByte: number, open: OpenTransfer): AsyncGenerator<Buffer, void, undefined> {
  const piece = Buffer.allocUnsafeSlow(pieceBytes)
  let filled = 0
  let pieces = 0
  for await (const chunk of await open(fromByte)) {
    for (let at = 0; at < chunk.length;) {
      const copied = chunk.copy(piece, filled, at)
      at += copied
      filled += copied
      if (filled < pieceBytes) continue
      yield piece
      filled = 0
      pieces += 1
      if (pieces % piecesBetweenCollections === 0) collectRecentGarbage()
    }
  }
  if (filled > 0) yield piece.subarray(0, filled)
}
