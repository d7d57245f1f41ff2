import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { RocketError, storeLayout } from '@rocket/contracts'
import { composeRootfs, unpackLayerOn, writeTopTree, type TreeReport } from '@rocket/image'
import { blobPath } from './blobs.ts'
import type { Ingest } from './ingest-directory.ts'
import { reportOf } from './ingest-layer.ts'
import { treeName } from './layer-record.ts'
import { makeTree, type MadeTree } from './make-tree.ts'

export interface StoredLayer {
  diffId: string
  tree: MadeTree
}

/**
 * The names in `layers`, bottom first, whose overlay is the rootfs of these layers: see `composeRootfs` of the image package, which
 * decides. Trees made on the way are kept under their chain's ID and shared like layers. Throws what unpacking throws.
 */
export async function composeStored(ingest: Ingest, layers: readonly StoredLayer[]): Promise<string[]> {
  const directoryOf = (name: string): string => join(ingest.store.directory, storeLayout.layers, name)
  const directories = await composeRootfs(
    layers.map(({ diffId, tree }) => ({ diffId, directory: directoryOf(tree.name), facts: tree.record.report })),
    {
      unpackOn: async (index, lower, key) => {
        const { diffId, tree } = layers[index]!
        const blob = tree.record.blob
        const made = await makeTree(ingest, {
          key, diffId, ...(blob === undefined ? {} : { blob }),
          fill: async (directory) => reportOf(await unpackLayerOn(blobOf(ingest, tree), directory, withoutRepeated(lower), { diffId })),
        })
        return { directory: directoryOf(made.name), facts: made.record.report }
      },
      makeTop: async (top, key) => {
        const made = await makeTree(ingest, {
          key,
          fill: (directory) => {
            writeTopTree(directory, top)
            return Promise.resolve({ ...nothing, entries: top.length })
          },
        })
        return directoryOf(made.name)
      },
    },
  )
  return withoutRepeated(directories).map(treeName)
}

/**
 * A layer may come twice in an image (empty ones do), and overlayfs refuses a directory that does. The upper one shows all that the lower
 * one would, and hides all that it would hide.
 */
export function withoutRepeated(directories: readonly string[]): string[] {
  return directories.filter((directory, index) => directories.lastIndexOf(directory) === index)
}

/** Of a tree of directory metadata. */
export const nothing: TreeReport = {
  entries: 0, unpackedBytes: 0, implicitParents: [], outwardLinks: [], throughLinks: [], whiteoutParents: [], skipped: [],
  droppedXattrs: {},
}

/** Kept for this: a layer may meet layers below it that need it unpacked in another way. */
function blobOf(ingest: Ingest, tree: MadeTree): string {
  const path = tree.record.blob === undefined ? undefined : blobPath(ingest.store, tree.record.blob)
  if (path !== undefined && existsSync(path)) return path
  throw new RocketError('STORE_CORRUPT', {
    what: `the layer ${tree.record.diffId ?? tree.name} cannot be unpacked again`, why: 'its bytes are no longer in the store',
    hint: `remove layers/${tree.name}.json from the store and fetch the image again`,
  })
}
