import { createReadStream } from 'node:fs'
import { RocketError, type ImageRecord } from '@rocket/contracts'
import { normaliseAci, unpackAci } from '@rocket/image'
import { findImageRecord } from '@rocket/store'
import type { Judgement } from '@rocket/trust'
import type { Session } from './session.ts'
import type { AciCheck } from './verify/aci-check.ts'

export interface AciOptions {
  /** Where it comes from, for messages and progress. */
  source: string
  from: 'file' | 'server'
  totalBytes?: number
  check: AciCheck
}

/** Bytes that come from a server: `open` is asked for those behind what an earlier attempt at the same content left. */
export interface AciTransfer {
  /** Names the content; absent when nothing does. */
  resumeKey: string | undefined
  open(fromByte: number): AsyncIterable<Buffer> | Promise<AsyncIterable<Buffer>>
}

const mediaType = 'application/vnd.appc.image.aci'

/**
 * Reads an ACI once, from a path or as it comes: its bytes are kept as served, its rootfs becomes a tree, its SHA-512 its name. An image
 * that is in the store already stays as it is. Throws what `unpackAci` and the check throw, and IMAGE_UNSUPPORTED; then nothing is kept.
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
    context.emit?.({ kind: 'layer-progress', digest, from, receivedBytes, totalBytes })
  }
  try {
    const bytes = options.check.through(blob.through(transfer.open))
    const { unpacked, tree } = await writer.ingestArchive(ingest, async (directory) => {
      const { rootfs, ...aci } = await unpackAci(bytes, directory, { onProgress })
      const { manifest } = normaliseAci(aci.manifest)
      refuseUnsupported(manifest)
      const judgement = await options.check.conclude({ name: manifest.name, digest: rootfs.digest })
      blob.commit(rootfs.digest)
      return { ...aci, rootfs, manifest, judgement, key: `aci ${aci.sha512}`, blob: rootfs.digest, report: writer.reportOf(rootfs) }
    })
    context.emit?.({ kind: 'layer-done', digest: options.source })
    const known = findImageRecord(store, unpacked.imageId)
    const { judgement } = unpacked
    if (known !== undefined) return { record: known, judgement }
    const { digest, sizeBytes } = unpacked.rootfs
    const { unpackedBytes } = tree.record.report
    const path = writer.treePath(tree.name)
    const record: ImageRecord = {
      version: 1, imageId: unpacked.imageId, format: 'aci', sha512: unpacked.sha512, manifest: unpacked.manifest,
      layers: [{ digest, diffId: `sha512:${unpacked.sha512}`, mediaType, sizeBytes, unpackedBytes, tree: path }],
      rootfs: [path], sizeBytes, unpackedBytes,
    }
    writer.writeImageRecord(store, record)
    return { record, judgement }
  } finally {
    blob.discard()
  }
}

function fromFile(path: string): AciTransfer {
  return { resumeKey: undefined, open: () => createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer> }
}

function refuseUnsupported(manifest: ImageRecord['manifest']): void {
  if (manifest.dependencies.length === 0 && manifest.pathWhitelist.length === 0) return
  throw new RocketError('IMAGE_UNSUPPORTED', {
    what: `the image ${manifest.name} was not stored`,
    why: `images with ${manifest.dependencies.length > 0 ? 'dependencies' : 'a path whitelist'} cannot be rendered yet`,
    hint: 'pack the image with everything it needs',
  })
}
