import { RocketError } from '@rocket/contracts'
import type { ImageManifest } from '@rocket/contracts'
import { parseImageManifest } from '@rocket/contracts/schemas'
import { type ArchiveDigests, type ArchiveSource, passArchive } from './archive-stream.ts'
import { cleanEntryName, type LayerPath, showPath } from './entry-path.ts'
import { imageIdFromSha512 } from './image-ids.ts'
import type { TarEntry } from './tar-entry.ts'
import { createTarReader, type TarSink } from './tar-reader.ts'
import type { TreeWriter } from './tree-writer.ts'
import { defaultUnpackLimits, type UnpackedLayer, unpackInto, type UnpackOptions } from './unpack-layer.ts'

/** As large as an OCI manifest may be. */
const largestManifest = 4 << 20

export interface UnpackedAci {
  /** `sha512-` and 64 hex digits: of the uncompressed tar. */
  imageId: string
  sha512: string
  manifest: ImageManifest
  /** As it stands in the archive. */
  manifestJson: string
  /** The content of `rootfs/`: nothing lies below it, so nothing is left to be done for it. */
  rootfs: UnpackedLayer
}

export type UnpackAciOptions = Omit<UnpackOptions, 'whiteouts' | 'hasLower' | 'sha512'>

/**
 * Reads an ACI, compressed in any way, in one pass: its rootfs is unpacked into `target` (as `unpackLayer` does it), its manifest read
 * wherever it stands in the archive, its image ID computed. Whatever fails leaves no tree behind.
 * Throws ACI_LAYOUT_INVALID in the words of the appc library, IMAGE_MANIFEST_INVALID, and all that `unpackLayer` throws.
 * Spec: appc 0.8.11, "Image Archives"; unlike rkt, the layout is checked on import.
 */
export async function unpackAci(source: ArchiveSource, target: string | number, options: UnpackAciOptions = {}): Promise<UnpackedAci> {
  const layout = new AciLayout()
  const rootfs = await unpackInto(
    target,
    { ...options, whiteouts: 'none', hasLower: false, sha512: true, linkTarget: rootfsLink },
    (writer) => layout.sink(writer),
    source,
    () => layout.check(),
  )
  const manifestJson = layout.manifest!.toString('utf8')
  return { imageId: imageIdFromSha512(rootfs.sha512!), sha512: rootfs.sha512!, manifest: layout.parsed!, manifestJson, rootfs }
}

/** The same without unpacking: what an ACI is, and whether it is whole. */
export async function inspectAci(
  source: ArchiveSource,
  options: Omit<UnpackAciOptions, 'allowDevices'> = {},
): Promise<Omit<UnpackedAci, 'rootfs'> & ArchiveDigests> {
  const layout = new AciLayout()
  const reader = createTarReader(layout.sink(undefined))
  const limits = { ...defaultUnpackLimits, ...options.limits }
  const digests = await passArchive(source, { ...options, limits, sha512: true }, (chunk) => reader.write(chunk))
  reader.end()
  layout.check()
  const sha512 = digests.sha512!
  return {
    ...digests,
    sha512,
    imageId: imageIdFromSha512(sha512),
    manifest: layout.parsed!,
    manifestJson: layout.manifest!.toString('utf8'),
  }
}

/** What has been seen of an ACI: two top-level names, nothing twice. */
class AciLayout {
  manifest: Buffer | undefined
  parsed: ImageManifest | undefined
  #sawRootfs = false
  readonly #seen = new Set<LayerPath>()

  sink(writer: TreeWriter | undefined): TarSink {
    let inside: LayerPath | undefined
    return {
      entry: (entry) => {
        inside = undefined
        const path = cleanEntryName(entry.name)
        // The entry of the archive's own directory, as `tar -c .` writes it.
        if (path === '') return undefined
        if (this.#seen.has(path)) throw invalid(`duplicate file entry in archive: ${path}`)
        this.#seen.add(path)
        if (path === 'manifest') return this.#readManifest(entry)
        if (path === 'rootfs' && entry.type !== 'directory') throw invalid('rootfs is not a directory')
        if (path !== 'rootfs' && !path.startsWith('rootfs/')) throw invalid(`unrecognized file path in layout: ${showPath(path)}`)
        this.#sawRootfs = true
        inside = path.slice('rootfs/'.length)
        return writer?.begin(inside, entry)
      },
      entryEnd: () => {
        if (inside !== undefined) writer?.end(inside)
      },
    }
  }

  /** Once the whole archive was read. */
  check(): void {
    if (this.manifest === undefined) throw invalid('no image manifest found in layout')
    if (!this.#sawRootfs) throw invalid('no rootfs found in layout')
    this.parsed = parseImageManifest(this.manifest)
  }

  #readManifest(entry: TarEntry): (chunk: Buffer) => void {
    if (entry.type !== 'file') throw invalid('no image manifest found in layout', 'manifest is not a regular file')
    if (entry.size > largestManifest)
      throw invalid('the image manifest was not read', `it has ${entry.size} bytes, at most ${largestManifest} are accepted`)
    const manifest = Buffer.alloc(entry.size)
    let at = 0
    this.manifest = manifest
    return (chunk) => {
      at += chunk.copy(manifest, at)
    }
  }
}

/** Hard links name their target as it is called in the archive. */
export function rootfsLink(linkname: Buffer): LayerPath {
  const path = cleanEntryName(linkname)
  if (path.startsWith('rootfs/')) return path.slice('rootfs/'.length)
  throw new RocketError('HARDLINK_TARGET_MISSING', {
    what: 'a hard link of the image was refused',
    why: `${showPath(path)} is not in its rootfs`,
  })
}

function invalid(what: string, why?: string): RocketError {
  return new RocketError('ACI_LAYOUT_INVALID', {
    what,
    ...(why === undefined ? {} : { why }),
    hint: 'an ACI holds a file named manifest and a directory named rootfs, and nothing else',
  })
}
