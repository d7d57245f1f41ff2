import { passArchive } from '../archive-stream.ts'
import { createTarReader } from '../tar-reader.ts'
import type { TreeReport } from '../tree-report.ts'
import { TreeWriter } from '../tree-writer.ts'
import { defaultUnpackLimits } from '../unpack-layer.ts'
import { openUnpackTarget } from '../unpack-target.ts'
import { flattenImages, type RenderableImage } from './flatten-images.ts'
import { type AciFile, listEntries, pathInRootfs, type RootfsEntry } from './list-entries.ts'
import { type Contribution, planRender } from './plan-render.ts'

/**
 * Writes one tree of an ACI and everything it depends on into `target`, as for `unpackLayer`; whitelists are applied. The archives are read
 * again, twice: to see what each contributes, and to write it; both times their hashes are compared. Whatever fails leaves no tree behind.
 * Throws DEPENDENCY_LIMIT, LAYER_DIGEST_MISMATCH, and what `unpackAci` throws. Spec: appc 0.8.11, "Dependency Matching".
 */
export async function renderImages(top: RenderableImage, target: string): Promise<TreeReport> {
  const steps = flattenImages(top)
  const known = new Map<string, RootfsEntry[]>()
  for (const { image } of steps) {
    if (!known.has(image.sha512)) known.set(image.sha512, await listEntries(image))
  }
  const plan = planRender(steps.map(({ image, own, above }) => ({ own, above, entries: known.get(image.sha512)! })))
  const opened = openUnpackTarget(target)
  const writer = new TreeWriter(opened.root, {
    whiteouts: 'none', hasLower: false, allowDevices: process.geteuid?.() === 0, maxEntries: defaultUnpackLimits.maxEntries,
    maxUnpackedBytes: defaultUnpackLimits.maxUnpackedBytes,
  })
  try {
    for (const [index, { image }] of steps.entries()) await write(image, plan[index]!, writer)
    const report = writer.finish()
    opened.close()
    return report
  } catch (error) {
    writer.abandon()
    opened.remove()
    throw error
  }
}

/**
 * The key of the tree: two lists of the same archives give the same tree, for manifests with their whitelists, and the number of their
 * dependencies, are in the archives.
 */
export function renderKey(top: RenderableImage): string {
  return `render ${flattenImages(top).map(({ image }) => image.sha512).join(',')}`
}

async function write(image: AciFile, { places, links }: Contribution, writer: TreeWriter): Promise<void> {
  if (places.size === 0) return
  let at: string | undefined
  const reader = createTarReader({
    entry: (entry) => {
      const path = pathInRootfs(entry.name)
      const link = path === undefined ? undefined : links.get(path)
      at = link === undefined ? places.get(path ?? '/') : path
      if (at === undefined) return undefined
      return writer.begin(at, link === undefined ? entry : { ...entry, linkname: Buffer.from(link, 'latin1') })
    },
    entryEnd: () => {
      if (at !== undefined) writer.end(at)
    },
  })
  await passArchive(image.path, { limits: defaultUnpackLimits, diffId: `sha512:${image.sha512}` }, (chunk) => reader.write(chunk))
  reader.end()
}
