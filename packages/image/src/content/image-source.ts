import { type OciDescriptor, type OciImageConfig, type OciManifest, RocketError } from '@rocket/contracts'
import { digestOf } from '@rocket/host'
import { parseDigest } from '../digest.ts'
import {
  checkIsImage,
  largestConfigBytes,
  largestManifestBytes,
  pairLayers,
  parseImageConfig,
  parseManifestOrIndex,
} from '../oci-documents.ts'
import { pickPlatform, type Platform } from '../platform.ts'

/** A manifest about another one: a signature, an attestation, a list of parts. */
export interface Referrer {
  descriptor: OciDescriptor
  /** Set when it is found by a tag made of the digest (`sha256-….sig`), and not by the subject it names. */
  tag?: string
}

/** One image, or an index of several, at the place where it lies. */
export interface ImageSource {
  /** Where, as it was named; for messages. */
  name: string
  /** The name that the place has for it, if any. */
  tag: string | undefined
  /** What it is called elsewhere, as the place says: `registry.example/web:2`. Whoever made the place chose it. */
  imageName: string | undefined
  /** What was named: a manifest or an index. */
  root: OciDescriptor
  /** A manifest, an index or a configuration; its digest and size are verified. */
  readDocument(descriptor: OciDescriptor, mostBytes: number): Buffer | Promise<Buffer>
  /** Bytes of a layer as they come; digest and size are for the caller to verify. */
  openBlob(descriptor: OciDescriptor, signal?: AbortSignal): AsyncIterable<Buffer> | Promise<AsyncIterable<Buffer>>
  /** What is there about the manifest or index of this digest; not what is about that in turn. */
  findReferrers(digest: string): Referrer[] | Promise<Referrer[]>
  close(): void | Promise<void>
}

export interface FoundImage {
  manifestDigest: string
  manifestBytes: Buffer
  manifest: OciManifest
  configBytes: Buffer
  config: OciImageConfig
  /** Bottom first; not read yet. */
  layers: { descriptor: OciDescriptor; diffId: string }[]
  /** From what was named to the manifest, itself the last: each index names the next. */
  chain: { digest: string; bytes: Buffer }[]
}

const deepestIndex = 4

/**
 * The image of a source for a platform. Manifest and configuration are verified here, layers when they are unpacked. Throws
 * PLATFORM_NOT_FOUND, IMAGE_DOCUMENT_INVALID, IMAGE_DOCUMENT_AMBIGUOUS, and what the source throws.
 */
export async function readImage(source: ImageSource, platform: Platform): Promise<FoundImage> {
  let descriptor = source.root
  const chain: FoundImage['chain'] = []
  for (let depth = 0; depth <= deepestIndex; depth++) {
    const bytes = await source.readDocument(descriptor, largestManifestBytes)
    chain.push({ digest: descriptor.digest, bytes })
    const document = parseManifestOrIndex(bytes, descriptor.mediaType)
    if (document.kind === 'index') {
      descriptor = pickPlatform(document.index, platform)
      continue
    }
    const { manifest } = document
    checkIsImage(manifest)
    const configBytes = await source.readDocument(manifest.config, largestConfigBytes)
    const config = parseImageConfig(configBytes)
    const layers = pairLayers(manifest, config).map(({ layer, diffId }) => ({ descriptor: layer, diffId }))
    return { manifestDigest: descriptor.digest, manifestBytes: bytes, manifest, configBytes, config, layers, chain }
  }
  throw new RocketError('IMAGE_DOCUMENT_INVALID', {
    what: `the image of ${source.name} was refused`,
    why: `its indexes are nested more than ${deepestIndex} deep`,
  })
}

/** Throws LAYER_DIGEST_MISMATCH. */
export function checkContent(bytes: Buffer, descriptor: { digest: string; size: number }, name: string): Buffer {
  const { algorithm, hex } = parseDigest(descriptor.digest)
  const got = digestOf(algorithm, bytes)
  if (got === hex && bytes.length === descriptor.size) return bytes
  throw new RocketError('LAYER_DIGEST_MISMATCH', {
    what: `the blob ${descriptor.digest} of ${name} is not what its name says`,
    why: got === hex ? `it has ${bytes.length} bytes, its descriptor says ${descriptor.size}` : `it hashes to ${algorithm}:${got}`,
    hint: 'copy it again',
  })
}
