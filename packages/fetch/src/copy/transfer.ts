import type { OciDescriptor } from '@rocket/contracts'
import type { CopyPlan, ImageDestination, ImageSource } from '@rocket/image'
import { inParallel } from '../in-parallel.ts'
import { verifiedBytes } from './verified-bytes.ts'

export interface CopyEvents {
  /** `sentBytes` of a blob went by. */
  onProgress?(digest: string, sentBytes: number, totalBytes: number): void
}

export interface Copied {
  /** Of blobs. */
  sentBlobs: number
  sentBytes: number
  /** Were there already. */
  keptBlobs: number
}

/**
 * Carries a plan out: blobs, several at once, each verified on its way and none that is there already; then documents and names. After a
 * failure, and after a kill, nothing can be found at the destination that could not be before. Throws LAYER_DIGEST_MISMATCH, and what source
 * and destination throw.
 */
export async function transfer(
  source: ImageSource, destination: ImageDestination, plan: CopyPlan, events: CopyEvents = {},
): Promise<Copied> {
  const copied: Copied = { sentBlobs: 0, sentBytes: 0, keptBlobs: 0 }
  const abort = new AbortController()
  const copyBlob = async (blob: OciDescriptor): Promise<void> => {
    const result = await destination.putBlob(blob, () => verifiedBytes(source, blob, {
      signal: abort.signal, onProgress: (sentBytes) => events.onProgress?.(blob.digest, sentBytes, blob.size),
    }))
    if (result === 'there') copied.keptBlobs += 1
    else {
      copied.sentBlobs += 1
      copied.sentBytes += blob.size
    }
  }
  try {
    await destination.begin(plan)
    await inParallel(plan.blobs, destination.atOnce, abort, copyBlob)
    await destination.finish()
    return copied
  } finally {
    await destination.close()
  }
}
