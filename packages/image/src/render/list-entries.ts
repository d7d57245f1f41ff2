import { RocketError } from '@rocket/contracts'
import { rootfsLink } from '../aci.ts'
import { passArchive } from '../archive-stream.ts'
import { cleanEntryName, type LayerPath } from '../entry-path.ts'
import type { TarEntryType } from '../tar-entry.ts'
import { createTarReader } from '../tar-reader.ts'
import { defaultUnpackLimits } from '../unpack-layer.ts'

/** An entry of an ACI's rootfs. */
export interface RootfsEntry {
  path: LayerPath
  type: TarEntryType
  /** Where a hard link leads, in the same image. */
  link?: LayerPath
}

/** An ACI on disk, compressed in any way. */
export interface AciFile {
  path: string
  /** Of the uncompressed archive, in hex. */
  sha512: string
}

/** The path below `rootfs/` of an entry; undefined for what lies elsewhere. */
export function pathInRootfs(name: Buffer): LayerPath | undefined {
  const path = cleanEntryName(name)
  return path === 'rootfs' || path.startsWith('rootfs/') ? path.slice('rootfs/'.length) : undefined
}

/** What an ACI holds, in its order. Throws LAYER_DIGEST_MISMATCH when it is not the archive it was, and what reading an archive throws. */
export async function listEntries({ path, sha512 }: AciFile): Promise<RootfsEntry[]> {
  const entries: RootfsEntry[] = []
  const reader = createTarReader({
    entry: ({ name, linkname, type }) => {
      const inside = pathInRootfs(name)
      if (inside === undefined) return undefined
      if (entries.length === defaultUnpackLimits.maxEntries) throw tooMany()
      entries.push({ path: inside, type, ...(type === 'hardlink' ? { link: rootfsLink(linkname) } : {}) })
      return undefined
    },
  })
  await passArchive(path, { limits: defaultUnpackLimits, diffId: `sha512:${sha512}` }, (chunk) => reader.write(chunk))
  reader.end()
  return entries
}

function tooMany(): RocketError {
  return new RocketError('LAYER_TOO_LARGE', {
    what: 'the image was not rendered', why: `it holds more than ${defaultUnpackLimits.maxEntries} files and directories`,
  })
}
