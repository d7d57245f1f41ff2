import { renameSync } from 'node:fs'
import { join } from 'node:path'
import type { TreeReport } from '@rocket/image'
import type { Ingest } from './ingest-directory.ts'
import { makeTree, type MadeTree } from './make-tree.ts'

let serial = 0

/**
 * A tree whose key is only known once it is unpacked, as that of an ACI, which is named by its content. `unpack` fills a directory that
 * does not exist yet; when the store has the tree already, what was unpacked is dropped.
 */
export async function ingestArchive<T extends { key: string; blob: string; report: TreeReport }>(
  ingest: Ingest, unpack: (directory: string) => Promise<T>,
): Promise<{ unpacked: T; tree: MadeTree }> {
  const scratch = join(ingest.directory, `archive-${serial++}`)
  const unpacked = await unpack(scratch)
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
