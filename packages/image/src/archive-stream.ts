import { closeSync, openSync, readSync } from 'node:fs'
import { isRocketError, RocketError } from '@rocket/contracts'
import { createDigest, type Digest } from '@rocket/host'
import { type ExpansionLimits, openArchive } from './decompress.ts'
import { parseDigest } from './digest.ts'

/** A file, or its bytes as they come: a chunk is done with when the next is asked for. */
export type ArchiveSource = string | AsyncIterable<Buffer>

export interface ArchiveOptions {
  limits: ExpansionLimits
  /** Of the bytes as stored, and their number; checked at the end. */
  digest?: string | undefined
  sizeBytes?: number | undefined
  /** Of the uncompressed tar; checked at the end. */
  diffId?: string | undefined
  /** Whether the SHA-512 of the uncompressed tar is wanted as well: an ACI's name. */
  sha512?: boolean | undefined
  onProgress?: ((readBytes: number) => void) | undefined
  signal?: AbortSignal | undefined
}

export interface ArchiveDigests {
  /** `sha256:…` (or the algorithm of the expected digest) of the bytes as stored. */
  digest: string
  sizeBytes: number
  diffId: string
  /** 128 hex digits, when asked for. */
  sha512: string | undefined
  /** Of the uncompressed tar. */
  tarBytes: number
}

const chunkBytes = 512 * 1024

/**
 * One pass over an archive: every uncompressed chunk goes to `take`, in order, while the digests grow; it is `take`'s until it returns.
 * Throws LAYER_DIGEST_MISMATCH after the last chunk; so what `take` has done must not be visible before this returns. Also LAYER_CORRUPT,
 * LAYER_TOO_LARGE.
 */
export async function passArchive(
  source: ArchiveSource,
  options: ArchiveOptions,
  take: (chunk: Buffer) => void,
): Promise<ArchiveDigests> {
  const expected = options.digest === undefined ? undefined : parseDigest(options.digest)
  const stored = createDigest(expected?.algorithm ?? 'sha256')
  const plain = createDigest(options.diffId === undefined ? 'sha256' : parseDigest(options.diffId).algorithm)
  const long = options.sha512 === true ? createDigest('sha512') : undefined
  let sizeBytes = 0
  let tarBytes = 0
  const counted = async function* (): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of typeof source === 'string' ? readChunks(source) : source) {
      options.signal?.throwIfAborted()
      sizeBytes += chunk.length
      if (options.sizeBytes !== undefined && sizeBytes > options.sizeBytes) throw wrongSize(options.sizeBytes, `more came`)
      // In another thread, while this one unpacks what is in it.
      const hashing = stored.updateLater(chunk)
      options.onProgress?.(sizeBytes)
      yield chunk
      await hashing
    }
  }
  const bytes = counted()
  const checkStored = async (): Promise<string> => {
    // A decompressor stops at the end of its data, or where it finds damage; what follows is part of the stored bytes all the same.
    for await (const _rest of bytes);
    const digest = name(stored)
    if (options.sizeBytes !== undefined && sizeBytes !== options.sizeBytes) throw wrongSize(options.sizeBytes, `${sizeBytes} came`)
    checkDigest('the layer', options.digest, digest)
    return digest
  }
  try {
    const reading = { limits: options.limits, isVerified: options.diffId !== undefined }
    const archive = await openArchive({ [Symbol.asyncIterator]: () => ({ next: () => bytes.next() }) }, reading)
    // Hashing is a good part of the work: an archive that is not compressed is hashed once.
    const same = archive.compression === 'none' && plain.algorithm === stored.algorithm
    const digests = [...(same ? [] : [plain]), ...(long === undefined ? [] : [long])]
    for await (const chunk of archive.chunks) {
      tarBytes += chunk.length
      const hashing = digests.map((digest) => digest.updateLater(chunk))
      take(chunk)
      await Promise.all(hashing)
    }
    const digest = await checkStored()
    const found = { digest, diffId: same ? digest : name(plain) }
    checkDigest('the uncompressed layer', options.diffId, found.diffId)
    return { ...found, sizeBytes, sha512: long?.hex(), tarBytes }
  } catch (error) {
    // Damage has a simpler reason when these are not the bytes that were announced: that is what the reader must hear.
    if (isRocketError(error, 'LAYER_CORRUPT') && options.digest !== undefined && options.sizeBytes !== undefined) await checkStored()
    throw error
  } finally {
    await bytes.return()
  }
}

/** The content of a file in large pieces; each may be used until the next is asked for. */
export async function* readChunks(path: string): AsyncGenerator<Buffer, void, undefined> {
  const fd = openSync(path, 'r')
  const chunk = Buffer.allocUnsafeSlow(chunkBytes)
  try {
    for (let length = readSync(fd, chunk); length > 0; length = readSync(fd, chunk)) yield chunk.subarray(0, length)
  } finally {
    closeSync(fd)
  }
}

function name(digest: Digest): string {
  return `${digest.algorithm}:${digest.hex()}`
}

function checkDigest(object: string, wanted: string | undefined, got: string): void {
  if (wanted === undefined || wanted === got) return
  throw new RocketError('LAYER_DIGEST_MISMATCH', {
    what: `${object} ${wanted} was not stored`,
    why: `the bytes received hash to ${got}`,
    hint: 'fetch it again; if it persists, the mirror is serving other content',
  })
}

function wrongSize(wanted: number, got: string): RocketError {
  return new RocketError('LAYER_DIGEST_MISMATCH', {
    what: 'the layer was not stored',
    why: `${wanted} bytes were announced and ${got}`,
    hint: 'fetch it again; if it persists, the mirror is serving other content',
  })
}
