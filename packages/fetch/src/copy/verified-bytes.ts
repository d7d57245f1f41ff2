import { RocketError, type OciDescriptor } from '@rocket/contracts'
import { createDigest } from '@rocket/host'
import { parseDigest, type ImageSource } from '@rocket/image'

/**
 * A blob as it comes. Its end is an error when it is not what its descriptor says; more than it should be never goes by. Throws
 * LAYER_DIGEST_MISMATCH.
 */
export async function* verifiedBytes(
  source: ImageSource, blob: OciDescriptor, options: { signal: AbortSignal; onProgress(sentBytes: number): void },
): AsyncGenerator<Buffer, void, undefined> {
  const { algorithm, hex } = parseDigest(blob.digest)
  const digest = createDigest(algorithm)
  let length = 0
  for await (const chunk of await source.openBlob(blob, options.signal)) {
    options.signal.throwIfAborted()
    length += chunk.length
    if (length > blob.size) throw mismatch(source, blob, `${blob.size} bytes were announced and more came`)
    digest.update(chunk)
    options.onProgress(length)
    yield chunk
  }
  if (length !== blob.size) throw mismatch(source, blob, `${blob.size} bytes were announced and ${length} came`)
  const got = digest.hex()
  if (got !== hex) throw mismatch(source, blob, `the bytes received hash to ${algorithm}:${got}`)
}

function mismatch(source: ImageSource, { digest }: OciDescriptor, why: string): RocketError {
  return new RocketError('LAYER_DIGEST_MISMATCH', {
    what: `the blob ${digest} of ${source.name} was not copied`, why, hint: 'copy it again; if it persists, the source holds other content than it says',
  })
}
