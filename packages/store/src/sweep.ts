import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, isRocketError, storeLayout, type ImageRecord } from '@rocket/contracts'
import { removeLeftovers } from '@rocket/host'
import { findImageRecord } from './find-image.ts'
import { findTreeRecord, treeName } from './ingest/layer-record.ts'
import { openIngest, removeStaleIngests, removeTree } from './ingest/ingest-directory.ts'
import { listPins, treesOf } from './pins.ts'
import { findReadableRef, listRefFiles, removeRef } from './refs.ts'
import { imageIdOfEntry } from './store-names.ts'
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
  const files = listRefFiles(store)
  const named = new Set(files.flatMap((file) => imageIdOfEntry(file) ?? []))
  for (const file of files) {
    if (imageIdOfEntry(file) === undefined && !named.has(findReadableRef(store, file)?.ref.imageId ?? '')) removeRef(store, file)
  }
  const pins = listPins(store)
  const live = new Set([...named, ...pins.flatMap((pin) => pin.images)])
  const swept: Swept = { images: [], trees: [], blobs: [] }
  const trees = new Set(pins.flatMap((pin) => pin.trees))
  const blobs = new Set<string>()
  for (const imageId of list(store, 'images').map(withoutJson)) {
    const record = live.has(imageId) ? findImageRecord(store, imageId) : undefined
    if (record === undefined) {
      rmSync(join(store.directory, storeLayout.imageRecord(imageId)), { force: true })
      rmSync(join(store.directory, storeLayout.evidence(imageId)), { recursive: true, force: true })
      swept.images.push(imageId)
      continue
    }
    for (const tree of treesOf(record)) trees.add(tree)
    for (const digest of blobsOf(store, record)) blobs.add(digest)
  }
  removeStaleIngests(store, { locks: true })
  for (const tree of trees) {
    const blob = blobOfTree(store, treeName(tree))
    if (blob !== undefined) blobs.add(blob)
  }
  const ingest = openIngest(store)
  try {
    for (const name of new Set(list(store, storeLayout.layers).map(withoutJson))) {
      if (trees.has(`store:${storeLayout.layers}/${name}`)) continue
      rmSync(join(store.directory, storeLayout.layers, `${name}.json`), { force: true })
      const tree = join(store.directory, storeLayout.layers, name)
      if (existsSync(tree)) {
        renameSync(tree, join(ingest.directory, name))
        removeTree(ingest.directory, name)
      }
      swept.trees.push(name)
    }
  } finally {
    ingest.release()
  }
  for (const algorithm of list(store, storeLayout.blobs)) {
    for (const hex of list(store, `${storeLayout.blobs}/${algorithm}`)) {
      if (blobs.has(`${algorithm}:${hex}`)) continue
      rmSync(join(store.directory, storeLayout.blobs, algorithm, hex), { force: true })
      swept.blobs.push(`${algorithm}:${hex}`)
    }
  }
  return swept
}

/** A damaged record is for the next fetch to report: it must not keep the rest of the store from being collected. */
function blobOfTree(store: Store, name: string): string | undefined {
  try {
    return findTreeRecord(store, name)?.blob
  } catch (error) {
    if (isRocketError(error, 'STORE_CORRUPT')) return undefined
    throw error
  }
}

/** Files that a killed process was writing. */
function removeHalfFiles(store: Store): void {
  const below = (parent: string): string[] => list(store, parent).map((name) => `${parent}/${name}`)
  const directories = ['images', storeLayout.names, 'refs/pods', storeLayout.layers, ...below('evidence'), ...below(storeLayout.blobs)]
  for (const directory of directories.map((name) => join(store.directory, name)).filter((path) => existsSync(path))) {
    removeLeftovers(directory, (pid) => existsSync(`/proc/${pid}`))
  }
}

/** The manifest, what it refers to, and the layers. */
function blobsOf(store: Store, record: ImageRecord): string[] {
  const digests = record.layers.map((layer) => layer.digest)
  if (record.sha256 === undefined) return digests
  digests.push(record.sha256)
  try {
    const text = readFileSync(join(store.directory, storeLayout.blobs, record.sha256.replace(':', '/')), 'utf8')
    const config = (JSON.parse(text) as { config?: { digest?: unknown } }).config?.digest
    if (typeof config === 'string') digests.push(config)
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error
  }
  return digests
}

function list(store: Store, directory: string): string[] {
  try {
    return readdirSync(join(store.directory, directory))
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    throw error
  }
}

function withoutJson(name: string): string {
  return name.endsWith('.json') ? name.slice(0, -'.json'.length) : name
}
