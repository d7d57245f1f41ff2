import { blobName } from '../oci-layout.ts'
import type { CopyPlan, ImageDestination } from './image-destination.ts'
import { formatLayoutIndex, layoutEntries, type LayoutNames, layoutVersion } from './layout-index.ts'
import { type NewFile, openNewFile } from './new-file.ts'
import { type PlannedEntry, type PlannedTar, planTar } from './planned-tar.ts'

/**
 * An OCI image layout in one tar file. The same copy gives the same bytes: entries are sorted, owners and times say nothing. The file gets its
 * name when it is whole and synced. Throws PACK_FAILED, DISK_FULL, SYSCALL_FAILED.
 */
export function openArchiveDestination(path: string, options: LayoutNames & { overwrite: boolean }): ImageDestination {
  let file: NewFile | undefined
  let tar: PlannedTar | undefined
  return {
    name: path,
    atOnce: 6,
    begin: (plan) => {
      tar = planTar(archiveEntries(plan, options))
      file = openNewFile(path, options)
    },
    putBlob: async ({ digest }, open) => {
      let offset = tar!.offsets.get(blobName(digest))
      // The layer of something that lists manifests as its layers.
      if (offset === undefined) return 'there'
      for await (const chunk of open()) {
        file!.write(offset, chunk)
        offset += chunk.length
      }
      return 'sent'
    },
    finish: () => {
      for (const { offset, bytes } of tar!.pieces) file!.write(offset, bytes)
      file!.finish()
    },
    close: () => file?.close(),
  }
}

/** The documents first: who reads the archive as a stream then knows what is coming. */
function archiveEntries(plan: CopyPlan, names: LayoutNames): PlannedEntry[] {
  const { root, children, referrers, blobs } = plan
  const index = formatLayoutIndex(undefined, layoutEntries(plan, names))
  const documents = [...new Map([root, ...children, ...referrers].map(({ descriptor: { digest }, bytes }) => [
    digest, { name: blobName(digest), size: bytes.length, content: bytes },
  ])).values()]
  const known = new Set(documents.map(({ name }) => name))
  const contents = blobs.filter(({ digest }) => !known.has(blobName(digest))).map(({ digest, size }) => ({ name: blobName(digest), size }))
  const directories = [...new Set([...documents, ...contents].map(({ name }) => name.slice(0, name.lastIndexOf('/') + 1)))]
  return [
    { name: 'oci-layout', size: layoutVersion.length, content: Buffer.from(layoutVersion) },
    { name: 'index.json', size: index.length, content: index },
    ...['blobs/', ...directories.toSorted()].map((name) => ({ name, size: 0 })),
    ...documents.toSorted(byName),
    ...contents.toSorted(byName),
  ]
}

function byName(one: { name: string }, other: { name: string }): number {
  return one.name < other.name ? -1 : 1
}
