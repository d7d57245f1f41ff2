import { renameSync, rmSync } from 'node:fs'
import type { ImageManifest } from '@rocket/contracts'
import { parseImageManifest } from '@rocket/contracts/schemas'
import { imageIdFromSha512 } from './image-ids.ts'
import { type PackedArchive, tarOfTree, writeArchive } from './pack-archive.ts'
import { encodeTarHeader, ownEntry, tarPadding } from './tar-writer.ts'
import type { WalkOptions } from './walk-tree.ts'

export interface PackOptions extends WalkOptions {
  /** The directory that becomes the root file system; several, bottom first, as an overlay of them would show it. */
  rootfs: string | readonly string[]
  /** The appc image manifest, as JSON; written as it is. */
  manifest: string | Uint8Array
}

export interface PackedAci extends PackedArchive {
  imageId: string
  manifest: ImageManifest
}

/**
 * Packs an ACI to `file`, which is replaced when the new one is whole. The same tree and manifest give the same bytes: entries are
 * sorted, numbers stand for owners, times are the files' own (or set back to `latestNs`). Hard links are kept, sockets left out. Throws
 * IMAGE_MANIFEST_INVALID before anything is read, PACK_FAILED, DISK_FULL, SYSCALL_FAILED.
 */
export async function packAci(file: string, options: PackOptions & { compression?: 'gzip' | 'none' }): Promise<PackedAci> {
  const manifest = parseImageManifest(options.manifest)
  const content = Buffer.from(options.manifest as string)
  const header = encodeTarHeader(ownEntry('manifest', content.length))
  const unfinished = `${file}.${process.pid}.tmp`
  try {
    const tar = tarOfTree(options.rootfs, 'rootfs', [header, content, tarPadding(content.length)], options)
    const packed = await writeArchive(tar, unfinished, options.compression ?? 'gzip')
    renameSync(unfinished, file)
    return { ...packed, imageId: imageIdFromSha512(packed.sha512), manifest }
  } catch (error) {
    rmSync(unfinished, { force: true })
    throw error
  }
}
