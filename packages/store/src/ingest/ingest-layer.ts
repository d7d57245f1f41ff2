import { unpackLayer, type UnpackThreads } from '@rocket/image'
import { createBlobWriter, type BlobWriter } from './blobs.ts'
import type { Ingest } from './ingest-directory.ts'
import { makeTree, type MadeTree } from './make-tree.ts'

export interface LayerSource {
  /** Of the bytes as served, and their number. */
  digest: string
  sizeBytes: number
  /** Of the uncompressed tar. */
  diffId: string
  /** The bytes from `fromByte` on; called only when the layer is not in the store. The signal says that nothing more is wanted. */
  open(fromByte: number, signal: AbortSignal): AsyncIterable<Buffer> | Promise<AsyncIterable<Buffer>>
  /** A transfer that breaks off is taken up by the next one, of whatever process. Not for what is on this machine anyway. */
  isResumable?: boolean
  onResume?: (fromByte: number) => void
  onProgress?: (receivedBytes: number) => void
  onWait?: () => void
  signal?: AbortSignal
  /** Where to unpack it; in this thread when there are none. */
  threads?: UnpackThreads | undefined
}

/**
 * One layer, unpacked as a tree of an overlay, in one pass: the bytes are copied, hashed, inflated, hashed and unpacked as they come. The
 * tree depends on the layer alone, not on the image it was met in, so every image with the layer shares it.
 * Throws what `unpackLayer` throws, and what the source throws; then nothing is kept but, where that was asked for, what came so far.
 */
export function ingestLayer(ingest: Ingest, source: LayerSource): Promise<MadeTree> {
  return makeTree(ingest, {
    key: source.diffId,
    diffId: source.diffId,
    blob: source.digest,
    ...(source.onWait === undefined ? {} : { onWait: source.onWait }),
    fill: async (directory) => {
      const { isResumable = false, onResume } = source
      const blob = createBlobWriter(ingest, { resumeKey: isResumable ? source.digest : undefined, onResume, signal: source.signal })
      try {
        const unpacked = await (source.threads === undefined ? unpackHere(blob, source, directory)
          : unpackInThread(blob, source, directory, source.threads))
        blob.commit(source.digest)
        return reportOf(unpacked)
      } finally {
        blob.discard()
      }
    },
  })
}

const never = new AbortController().signal

function unpackHere(blob: BlobWriter, source: LayerSource, directory: string): Promise<Unpacked> {
  const { digest, sizeBytes, diffId, onProgress, signal } = source
  const bytes = blob.through((fromByte) => source.open(fromByte, signal ?? never))
  return unpackLayer(bytes, directory, { digest, sizeBytes, diffId, onProgress, signal, hasLower: true })
}

/** We write the copy, and the thread unpacks it as it grows. */
async function unpackInThread(blob: BlobWriter, source: LayerSource, directory: string, threads: UnpackThreads): Promise<Unpacked> {
  const { digest, sizeBytes, diffId } = source
  const unpacking = threads.unpack(blob.path, directory, { digest, sizeBytes, diffId, hasLower: true })
  const failed = new AbortController()
  const signal = AbortSignal.any([source.signal ?? never, failed.signal])
  signal.addEventListener('abort', () => unpacking.stop(signal.reason))
  const copy = async (): Promise<void> => {
    for await (const receivedBytes of blob.grow((fromByte) => source.open(fromByte, signal))) {
      unpacking.grown(receivedBytes)
      source.onProgress?.(receivedBytes)
      // The thread will say so when it comes there; what else a server may have to send need not be stored.
      if (receivedBytes > sizeBytes) break
    }
    unpacking.complete()
  }
  let isStopped = false
  const copying = copy().catch((error: unknown) => {
    isStopped = true
    unpacking.stop(error)
  })
  try {
    return await unpacking.result
  } catch (error) {
    if (!isStopped && source.signal?.aborted !== true) blob.condemn()
    failed.abort()
    throw error
  } finally {
    await copying
  }
}

type Unpacked = Awaited<ReturnType<typeof unpackLayer>>

/** Without the digests, which belong to the archive and not to the tree. */
export function reportOf(unpacked: Unpacked): MadeTree['record']['report'] {
  const { digest: _digest, sizeBytes: _size, diffId: _diffId, sha512: _sha512, tarBytes: _tar, ...report } = unpacked
  return report
}
