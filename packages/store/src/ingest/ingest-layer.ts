import { unpackLayer } from '@rocket/image'
import { createBlobWriter, type OpenTransfer } from './blobs.ts'
import type { Ingest } from './ingest-directory.ts'
import { makeTree, type MadeTree } from './make-tree.ts'

export interface LayerSource {
  /** Of the bytes as served, and their number. */
  digest: string
  sizeBytes: number
  /** Of the uncompressed tar. */
  diffId: string
  /** Called only when the layer is not in the store. */
  open: OpenTransfer
  /** A transfer that breaks off is taken up by the next one, of whatever process. Not for what is on this machine anyway. */
  isResumable?: boolean
  onResume?: (fromByte: number) => void
  onProgress?: (receivedBytes: number) => void
  onWait?: () => void
  signal?: AbortSignal
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
        const { digest, sizeBytes, diffId, onProgress, signal } = source
        const unpacked = await unpackLayer(
          blob.through(source.open), directory, { digest, sizeBytes, diffId, onProgress, signal, hasLower: true },
        )
        blob.commit(digest)
        return reportOf(unpacked)
      } finally {
        blob.discard()
      }
    },
  })
}

type Unpacked = Awaited<ReturnType<typeof unpackLayer>>

/** Without the digests, which belong to the archive and not to the tree. */
export function reportOf(unpacked: Unpacked): MadeTree['record']['report'] {
  const { digest: _digest, sizeBytes: _size, diffId: _diffId, sha512: _sha512, tarBytes: _tar, ...report } = unpacked
  return report
}
