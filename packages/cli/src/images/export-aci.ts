import { closeSync, createReadStream, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { RocketError, type ImageRecord } from '@rocket/contracts'
import { createDigest, syscallError } from '@rocket/host'
import { imageIdFromSha512, openArchive, packAci } from '@rocket/image'
import { loadIngest, type Store } from '@rocket/store'
import { toImageManifest } from './image-manifest.ts'
import type { UsedImage } from './use-image.ts'

/**
 * Writes an image as an uncompressed ACI; the file is replaced when the new one is whole. The bytes of an ACI are those that were fetched,
 * verified again. What has no such bytes (an OCI image; an ACI whose blob is gone) is packed from its trees, the same image always the same
 * way, and has an ID of its own. Throws STORE_CORRUPT, PACK_FAILED, DISK_FULL, SYSCALL_FAILED; then what was there stays.
 */
export async function exportAci({ store, record, trees }: UsedImage, file: string): Promise<{ imageId: string }> {
  const blob = await findStoredAci(store, record)
  if (blob !== undefined) return await copyStored(blob, record, file)
  return packAci(file, { rootfs: trees, manifest: JSON.stringify(toImageManifest(record.manifest)), compression: 'none' })
}

/** Path of the ACI as it was served. */
export async function findStoredAci(store: Store, record: ImageRecord): Promise<string | undefined> {
  const own = record.format === 'aci' ? record.layers.find(({ diffId }) => diffId === `sha512:${record.sha512}`) : undefined
  if (own === undefined) return undefined
  const { blobPath, hasBlob } = await loadIngest()
  return hasBlob(store, own.digest) ? blobPath(store, own.digest) : undefined
}

async function copyStored(blob: string, record: ImageRecord, file: string): Promise<{ imageId: string }> {
  const unfinished = `${file}.${process.pid}.tmp`
  const digest = createDigest('sha512')
  let fd: number | undefined
  try {
    fd = openSync(unfinished, 'wx', 0o644)
    const bytes = createReadStream(blob, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>
    for await (const chunk of (await openArchive(bytes)).chunks) {
      digest.update(chunk)
      for (let written = 0; written < chunk.length;) written += writeSync(fd, chunk, written)
    }
    const sha512 = digest.hex()
    if (sha512 !== record.sha512) throw damaged(blob, sha512, record)
    fsyncSync(fd)
    renameSync(unfinished, file)
    return { imageId: imageIdFromSha512(sha512) }
  } catch (error) {
    rmSync(unfinished, { force: true })
    throw error instanceof Error && 'syscall' in error ? syscallError(error, `${file} was not written`) : error
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

function damaged(blob: string, sha512: string, { sha512: wanted }: ImageRecord): RocketError {
  return new RocketError('STORE_CORRUPT', {
    what: `the image was not exported`, why: `its bytes in ${blob} hash to ${sha512.slice(0, 64)}, not to ${wanted.slice(0, 64)}`,
    hint: '`rkt store check --repair` says what to do',
  })
}
