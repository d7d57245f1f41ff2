import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { storeLayout } from '@rocket/contracts'
import { removeLeftovers } from '@rocket/host'
import { blobFile } from './image-parts.ts'
import { openIngest, removeStaleIngests, removeTree, type Ingest } from './ingest/ingest-directory.ts'
import { listIn } from './list-store.ts'
import { planSweep, type SweepItem } from './plan-sweep.ts'
import { removeRef } from './refs.ts'
import type { Store } from './open-store.ts'

export interface Swept {
  images: string[]
  /** Names in `layers`. */
  trees: string[]
  blobs: string[]
}

/**
 * Removes what no name and no pin needs: records with their evidence, trees, blobs. The caller holds the prepare lock exclusively.
 * A tree's record goes first, so that a kill never leaves half a tree that counts as whole; the next sweep finds the rest.
 */
export function sweep(store: Store): Swept {
  removeHalfFiles(store)
  removeStaleIngests(store, { locks: true })
  const going = planSweep(store).filter(({ keptBy }) => keptBy === undefined)
  const ingest = openIngest(store)
  try {
    for (const item of going) removeItem(store, item, ingest)
  } finally {
    ingest.release()
  }
  const names = (kind: SweepItem['kind']): string[] => going.filter((item) => item.kind === kind).map(({ name }) => name)
  return { images: names('image'), trees: names('tree'), blobs: names('blob') }
}

function removeItem(store: Store, { kind, name }: SweepItem, ingest: Ingest): void {
  switch (kind) {
    case 'reference': return removeRef(store, name)
    case 'image':
      rmSync(join(store.directory, storeLayout.imageRecord(name)), { force: true })
      return rmSync(join(store.directory, storeLayout.evidence(name)), { recursive: true, force: true })
    case 'evidence': return rmSync(join(store.directory, storeLayout.evidence(name)), { recursive: true, force: true })
    case 'tree': return dropTree(store, name, ingest)
    case 'blob': return rmSync(join(store.directory, blobFile(name)), { force: true })
    case 'ingest': return undefined
  }
}

/** Its record first, then all of it at once, out of sight. */
export function dropTree(store: Store, name: string, ingest: Ingest): void {
  rmSync(join(store.directory, storeLayout.layers, `${name}.json`), { force: true })
  const tree = join(store.directory, storeLayout.layers, name)
  if (!existsSync(tree)) return rmSync(tree, { force: true })
  renameSync(tree, join(ingest.directory, name))
  removeTree(ingest.directory, name)
}

/** Files that a killed process was writing. */
function removeHalfFiles(store: Store): void {
  for (const directory of recordDirectories(store).map((name) => join(store.directory, name)).filter((path) => existsSync(path))) {
    removeLeftovers(directory, (pid) => existsSync(`/proc/${pid}`))
  }
}

/** Where files are written that replace others. */
export function recordDirectories(store: Store): string[] {
  const below = (parent: string): string[] => listIn(store, parent).map((name) => `${parent}/${name}`)
  return ['images', 'refs', storeLayout.names, 'refs/pods', storeLayout.layers, ...below('evidence'), ...below(storeLayout.blobs)]
}
