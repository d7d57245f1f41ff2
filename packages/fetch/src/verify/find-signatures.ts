import { isRocketError, type OciDescriptor } from '@rocket/contracts'
import { parseManifestOrIndex } from '@rocket/image'
import type { SigstoreSignature } from '@rocket/trust'

/** A manifest that is about an image, where it was found. */
export interface AboutImage {
  bytes: Buffer
  mediaType: string | undefined
  /** For messages. */
  where: string
}

/** The place where an image lies, as far as its signatures are concerned. */
export interface SignaturePlace {
  /** What is there about this digest: by its subject, or by a tag that is made of the digest. */
  about(digest: string): Promise<AboutImage[]>
  /** The bytes of a layer, verified. */
  read(descriptor: OciDescriptor, mostBytes: number): Promise<Buffer>
}

/** So many signatures of one image are read: anybody who can write to a place can add some. */
const mostSignatures = 64

/**
 * Sigstore's signatures of these digests: cosign's images of signatures, whose layers carry them in annotations, and bundles. What cannot be
 * read is skipped with a message, as it is not the image's fault.
 */
export async function findSignatures(digests: readonly string[], place: SignaturePlace, debug: (message: string) => void): Promise<SigstoreSignature[]> {
  const found: SigstoreSignature[] = []
  for (const digest of digests) {
    for (const about of await place.about(digest)) {
      try {
        for await (const signature of signaturesOf(about, place)) {
          if (found.length === mostSignatures) return found
          found.push(signature)
        }
      } catch (error) {
        if (!isRocketError(error)) throw error
        debug(`${about.where} is no signature that can be read: ${error.message}`)
      }
    }
  }
  return found
}

async function* signaturesOf({ bytes, mediaType, where }: AboutImage, place: SignaturePlace): AsyncGenerator<SigstoreSignature, void, undefined> {
  const { bundleTypePrefix, fromCosignLayer, largestBundleBytes, simpleSigningType } = await import('@rocket/trust')
  const parsed = parseManifestOrIndex(bytes, mediaType)
  if (parsed.kind !== 'manifest') return
  for (const layer of parsed.manifest.layers.slice(0, mostSignatures)) {
    const source = `${layer.digest} of ${where}`
    if (layer.mediaType === simpleSigningType) yield fromCosignLayer(await place.read(layer, largestBundleBytes), layer.annotations ?? {}, source)
    if (layer.mediaType.startsWith(bundleTypePrefix)) yield { bundle: await place.read(layer, largestBundleBytes), source }
  }
}
