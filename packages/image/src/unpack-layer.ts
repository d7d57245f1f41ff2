import { type ArchiveDigests, type ArchiveOptions, type ArchiveSource, passArchive } from './archive-stream.ts'
import { defaultExpansionLimits, type ExpansionLimits } from './decompress.ts'
import { cleanEntryName, type LayerPath } from './entry-path.ts'
import { createTarReader, type TarSink } from './tar-reader.ts'
import type { TreeReport } from './tree-report.ts'
import { TreeWriter, type TreeWriterOptions, type WhiteoutMode } from './tree-writer.ts'
import { openUnpackTarget } from './unpack-target.ts'

export interface UnpackLimits extends ExpansionLimits {
  /** Files and directories made. */
  maxEntries: number
}

export const defaultUnpackLimits: UnpackLimits = { ...defaultExpansionLimits, maxEntries: 2_000_000 }

export interface UnpackOptions extends Omit<ArchiveOptions, 'limits'> {
  /** `overlay` by default. */
  whiteouts?: WhiteoutMode | undefined
  /** Whether layers lie below this one; with `overlay`, what it refers to and lacks is then reported rather than refused. */
  hasLower?: boolean | undefined
  /** By default as root. */
  allowDevices?: boolean | undefined
  limits?: Partial<UnpackLimits> | undefined
}

export type UnpackedLayer = ArchiveDigests & TreeReport

/**
 * Unpacks one layer (a tar archive, compressed in any way) into `target`: a directory that is made, or an empty one of ours, or a
 * descriptor of a directory the caller vouches for. Digests are verified while it streams. With a path, whatever fails leaves no tree
 * behind; with a descriptor, what was written stays for the caller to remove. The result says what the tree needs to become part of a
 * rootfs: see `planComposition`. Throws LAYER_DIGEST_MISMATCH, LAYER_CORRUPT, LAYER_TOO_LARGE, ENTRY_*, HARDLINK_TARGET_MISSING,
 * WHITEOUT_INVALID, UNPACK_TARGET_UNSAFE, DISK_FULL, SYSCALL_FAILED. Spec: OCI image-spec, layer.md.
 */
export async function unpackLayer(source: ArchiveSource, target: string | number, options: UnpackOptions = {}): Promise<UnpackedLayer> {
  return unpackInto(
    target,
    options,
    (writer) => {
      let path: LayerPath = ''
      return {
        entry: (entry) => {
          path = cleanEntryName(entry.name)
          return writer.begin(path, entry)
        },
        entryEnd: () => writer.end(path),
      }
    },
    source,
  )
}

/** The same for any archive that holds a tree: `sinkFor` decides what becomes of its entries, `check` has the last word. */
export async function unpackInto(
  target: string | number,
  options: UnpackOptions & { linkTarget?: TreeWriterOptions['linkTarget'] },
  sinkFor: (writer: TreeWriter) => TarSink,
  source: ArchiveSource,
  check: () => void = () => {},
): Promise<UnpackedLayer> {
  const limits = { ...defaultUnpackLimits, ...options.limits }
  const opened = typeof target === 'string' ? openUnpackTarget(target) : undefined
  const root = opened?.root ?? (target as number)
  const writer = new TreeWriter(root, writerOptions(options, limits))
  try {
    const reader = createTarReader(sinkFor(writer))
    const digests = await passArchive(source, { ...options, limits }, (chunk) => reader.write(chunk))
    reader.end()
    check()
    const report = writer.finish()
    opened?.close()
    return { ...digests, ...report }
  } catch (error) {
    writer.abandon()
    opened?.remove()
    throw error
  }
}

function writerOptions(options: UnpackOptions & { linkTarget?: TreeWriterOptions['linkTarget'] }, limits: UnpackLimits): TreeWriterOptions {
  const whiteouts = options.whiteouts ?? 'overlay'
  return {
    whiteouts,
    hasLower: whiteouts === 'overlay' && options.hasLower === true,
    allowDevices: options.allowDevices ?? process.geteuid?.() === 0,
    maxEntries: limits.maxEntries,
    maxUnpackedBytes: limits.maxUnpackedBytes,
    linkTarget: options.linkTarget,
  }
}
