import { isRocketError, type ImageRecord, type OciDescriptor, type OciImageConfig, type OciManifest } from '@rocket/contracts'
import { digestOf } from '@rocket/host'
import { appcArchitecture, imageIdFromSha512, normaliseOci, openUnpackThreads, pickPlatform, type Platform } from '@rocket/image'
import { findImageRecord } from '@rocket/store'
import type { DockerReference } from '../docker-reference.ts'
import { inParallel } from '../in-parallel.ts'
import type { Session } from '../session.ts'

/** An image in OCI's or docker's terms, wherever it lies: documents verified, layers not yet read. */
export interface OciImage {
  manifestBytes: Buffer
  manifest: OciManifest
  configBytes: Buffer
  config: OciImageConfig
  /** Bottom first. */
  layers: readonly { descriptor: OciDescriptor; diffId: string }[]
  /** Where the layers are. */
  from: 'file' | 'server'
  openLayer(descriptor: OciDescriptor, signal: AbortSignal, fromByte: number): AsyncIterable<Buffer> | Promise<AsyncIterable<Buffer>>
  /** After the bytes of a layer turned out to be others than announced: whether they may come right from elsewhere, or in one piece. */
  mayTryAgain?(descriptor: OciDescriptor): boolean
}

export interface OciNames {
  name: string
  /** Empty when nothing named one. */
  version: string
  /** As it was asked for. */
  reference: string
  docker?: DockerReference
}

const layersAtOnce = 6
/** A thread takes some 30 ms to start, in which this one unpacks about as much. */
const worthThreadBytes = 2 * 1024 * 1024

/**
 * The image with this manifest, if it is in the store with all its trees and may be of the wanted platform: its ID is the SHA-512 of the
 * manifest's bytes.
 */
export function findOciRecord(manifestBytes: Buffer, { store, writer, platform }: Session): ImageRecord | undefined {
  const record = findImageRecord(store, imageIdFromSha512(digestOf('sha512', manifestBytes)))
  return record !== undefined && writer.hasAllTrees(store, record) && isFor(record, platform) ? record : undefined
}

/** False also where a look at the configuration has to tell. */
function isFor({ manifest }: ImageRecord, { os, architecture, variant }: Platform): boolean {
  const label = (wanted: string): string | undefined => manifest.labels.find(({ name }) => name === wanted)?.value
  return label('os') === os && label('arch') === appcArchitecture(architecture, variant)
}

/** Takes the layers in, several at once, and composes the rootfs. Throws what that throws; layers that are complete stay. */
export async function importOci(image: OciImage, session: Session, names: OciNames): Promise<ImageRecord> {
  const { store, writer, ingest, context } = session
  refuseOtherPlatform(image, session)
  const { manifest, warnings } = normaliseOci(image.config, {
    name: names.name, reference: names.reference, manifestDigest: `sha256:${digestOf('sha256', image.manifestBytes)}`,
    configDigest: image.manifest.config.digest,
    annotations: image.manifest.annotations, ...(names.version === '' ? {} : { tag: names.version }),
    ...(names.docker === undefined ? {} : { registry: names.docker.registry, repository: names.docker.repository }),
  })
  for (const warning of warnings) context.warn(`${names.reference}: ${warning}`)
  const layers = await ingestLayers(image, session)
  const rootfs = await writer.composeStored(ingest, layers.map(({ source, tree }) => ({ diffId: source.diffId, tree })))
  const sha512 = digestOf('sha512', image.manifestBytes)
  const sha256 = `sha256:${digestOf('sha256', image.manifestBytes)}`
  writer.writeBlob(store, sha256, image.manifestBytes)
  writer.writeBlob(store, image.manifest.config.digest, image.configBytes)
  const record: ImageRecord = {
    version: 1, imageId: imageIdFromSha512(sha512), format: 'oci', sha256, sha512, manifest,
    layers: layers.map(({ source: { digest, sizeBytes, diffId }, tree, mediaType }) => (
      { digest, diffId, mediaType, sizeBytes, unpackedBytes: tree.record.report.unpackedBytes, tree: writer.treePath(tree.name) }
    )),
    rootfs: rootfs.map((name) => writer.treePath(name)),
    sizeBytes: layers.reduce((sum, { source }) => sum + source.sizeBytes, 0),
    unpackedBytes: layers.reduce((sum, { tree }) => sum + tree.record.report.unpackedBytes, 0),
  }
  writer.writeImageRecord(store, record)
  return record
}

/** Several at once: this thread receives, and others unpack what is large enough to be worth one. */
async function ingestLayers(image: OciImage, { writer, ingest, context }: Session) {
  const abort = new AbortController()
  const threads = openUnpackThreads()
  try {
    return await inParallel(image.layers, layersAtOnce, abort, async ({ descriptor, diffId }) => {
      const { digest, size } = descriptor
      let isResumed = false
      const source = {
        digest, sizeBytes: size, diffId, signal: abort.signal, isResumable: image.from === 'server',
        threads: size >= worthThreadBytes ? threads : undefined,
        open: (fromByte: number, signal: AbortSignal) => image.openLayer(descriptor, signal, fromByte),
        onResume: (fromByte: number) => {
          isResumed = true
          context.debug(`going on with ${digest} at byte ${fromByte}`)
        },
        onProgress: (receivedBytes: number) => context.emit?.({ kind: 'layer-progress', digest, from: image.from, receivedBytes, totalBytes: size }),
        onWait: () => context.debug('another rkt instance is downloading this file, waiting...'),
      }
      const tree = await untilSound(() => writer.ingestLayer(ingest, source), () => {
        const mayTryAgain = isResumed || image.mayTryAgain?.(descriptor) === true
        isResumed = false
        if (mayTryAgain) context.debug(`${digest} is fetched again: what came was not what was announced`)
        return mayTryAgain
      })
      context.emit?.({ kind: 'layer-done', digest })
      return { source, tree, mediaType: descriptor.mediaType }
    })
  } finally {
    await threads?.close()
  }
}

/** Bytes from two attempts, or from a mirror, may be wrong where those of one transfer from the registry are right. */
async function untilSound<T>(work: () => Promise<T>, mayTryAgain: () => boolean): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      const isUnsound = isRocketError(error, 'LAYER_DIGEST_MISMATCH') || isRocketError(error, 'LAYER_CORRUPT')
      if (!isUnsound || !mayTryAgain()) throw error
    }
  }
}

/** An index offers a choice; a manifest without one may still be of another machine. Many configurations are silent about the variant. */
function refuseOtherPlatform({ config, manifest }: OciImage, { platform }: Session): void {
  const { os, architecture, variant } = config
  pickPlatform(
    {
      schemaVersion: 2,
      manifests: [{ ...manifest.config, annotations: {}, platform: { os, architecture, ...named(variant ?? platform.variant) } }],
    },
    platform,
  )
}

function named(variant: string | undefined): { variant?: string } {
  return variant === undefined ? {} : { variant }
}
