import { renameSync } from 'node:fs'
import { join } from 'node:path'
import type { TreeReport } from '@rocket/image'
import { removeTree, type Ingest } from './ingest-directory.ts'
import { makeTree, type MadeTree } from './make-tree.ts'

let serial = 0

/**
 * A tree whose key is only known once it is unpacked, as that of an ACI, which is named by its content. `unpack` fills a directory that
 * does not exist yet; when the store has the tree already, or there is no key for it, what was unpacked is dropped.
 */
export async function ingestArchive<T extends { key: string | undefined; blob: string; report: TreeReport }>(
  ingest: Ingest, unpack: (directory: string) => Promise<T>,
): Promise<{ unpacked: T; tree: MadeTree | undefined }> {
  const name = `archive-${serial++}`
  const scratch = join(ingest.directory, name)
  const unpacked = await unpack(scratch)
  if (unpacked.key === undefined) {
    removeTree(ingest.directory, name)
    return { unpacked, tree: undefined }
  }
  const tree = await makeTree(ingest, {
    key: unpacked.key,
    blob: unpacked.blob,
    fill: async (directory) => {
      renameSync(scratch, directory)
      return unpacked.report
    },
  })
  return { unpacked, tree }
}
