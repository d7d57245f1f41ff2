import { createReadStream } from 'node:fs'
import { RocketError, type ImageRecord, type NormalisedManifest } from '@rocket/contracts'
import { defaultExpansionLimits, normaliseAci, unpackAci } from '@rocket/image'
import { findImageRecord } from '@rocket/store'
import type { Judgement } from '@rocket/trust'
import { checkName } from './discovery/check-name.ts'
import type { ImageName } from './image-name.ts'
import type { Session } from './session.ts'
import type { AciCheck } from './verify/aci-check.ts'

export interface AciOptions {
  /** Where it comes from, for messages and progress. */
  source: string
  from: 'file' | 'server'
  totalBytes?: number
  check: AciCheck
  /** What it must call itself. */
  wanted?: ImageName | undefined
}

/** Bytes that come from a server: `open` is asked for those behind what an earlier attempt at the same content left. */
export interface AciTransfer {
  /** Names the content; absent when nothing does. */
  resumeKey: string | undefined
  open(fromByte: number): AsyncIterable<Buffer> | Promise<AsyncIterable<Buffer>>
}

const mediaType = 'application/vnd.appc.image.aci'

/** More than this is not taken from a server, whatever it unpacks to: an archive may be followed by bytes without end. */
const largestArchive = defaultExpansionLimits.maxUnpackedBytes

/**
 * Reads an ACI once, from a path or as it comes: its bytes are kept as served, its rootfs becomes a tree, its SHA-512 its name. An image
 * that is in the store already stays as it is. The record of one that is more than its own files, as it has dependencies or a whitelist, is
 * returned without a rootfs and not written: `renderImage` does both. Throws what `unpackAci` and the check throw, and IMAGE_NAME_MISMATCH;
 * then nothing is kept.
 */
export async function importAci(
  source: string | AciTransfer, session: Session, options: AciOptions,
): Promise<{ record: ImageRecord; judgement: Judgement }> {
  const { writer, ingest, store, context } = session
  const transfer = typeof source === 'string' ? fromFile(source) : source
  const blob = writer.createBlobWriter(ingest, {
    resumeKey: transfer.resumeKey, onResume: (fromByte) => context.debug(`going on with ${options.source} at byte ${fromByte}`),
  })
  const onProgress = (receivedBytes: number): void => {
    const { source: digest, from, totalBytes } = options
    if (receivedBytes > largestArchive) throw tooLarge(digest)
    context.emit?.({ kind: 'layer-progress', digest, from, receivedBytes, totalBytes })
  }
  try {
    const bytes = options.check.through(blob.through(transfer.open))
    const { unpacked, tree } = await writer.ingestArchive(ingest, async (directory) => {
      const { rootfs, ...aci } = await unpackAci(bytes, directory, { onProgress })
      const { manifest } = normaliseAci(aci.manifest)
      if (options.wanted !== undefined) checkName(manifest, options.wanted)
      const judgement = await options.check.conclude({ name: manifest.name, digest: rootfs.digest })
      blob.commit(rootfs.digest)
      const key = isRendered(manifest) ? undefined : `aci ${aci.sha512}`
      return { ...aci, rootfs, manifest, judgement, key, blob: rootfs.digest, report: writer.reportOf(rootfs) }
    })
    context.emit?.({ kind: 'layer-done', digest: options.source })
    const known = findImageRecord(store, unpacked.imageId)
    const { judgement } = unpacked
    if (known !== undefined) return { record: known, judgement }
    const { digest, sizeBytes, unpackedBytes } = unpacked.rootfs
    const layer = { digest, diffId: `sha512:${unpacked.sha512}`, mediaType, sizeBytes, unpackedBytes }
    const path = tree === undefined ? undefined : writer.treePath(tree.name)
    const record: ImageRecord = {
      version: 1, imageId: unpacked.imageId, format: 'aci', sha512: unpacked.sha512, manifest: unpacked.manifest,
      layers: [path === undefined ? layer : { ...layer, tree: path }], rootfs: path === undefined ? [] : [path], sizeBytes, unpackedBytes,
    }
    if (path !== undefined) writer.writeImageRecord(store, record)
    return { record, judgement }
  } finally {
    blob.discard()
  }
}

function fromFile(path: string): AciTransfer {
  return { resumeKey: undefined, open: () => createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer> }
}

/** Whether an image's rootfs is not simply what its archive holds. */
export function isRendered({ dependencies, pathWhitelist }: NormalisedManifest): boolean {
  return dependencies.length > 0 || pathWhitelist.length > 0
}

function tooLarge(source: string): RocketError {
  return new RocketError('LAYER_TOO_LARGE', { what: `the image from ${source} was not stored`, why: `it has more than ${largestArchive} bytes` })
}
