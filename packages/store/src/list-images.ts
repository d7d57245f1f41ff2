import { statSync } from 'node:fs'
import { join } from 'node:path'
import { storeLayout, type RocketError } from '@rocket/contracts'
import { directoryState, readNameIndex, writeNameIndex, type IndexedEntry } from './name-index.ts'
import { findRefOrTell, listImageFiles } from './refs.ts'
import { imageIdOfEntry } from './store-names.ts'
import type { Store } from './open-store.ts'

export interface ListedImage {
  imageId: string
  name: string
  /** The label of this name. */
  version?: string
  /** Of the image and its trees. */
  sizeBytes: number
  importedAt: string
  lastUsedAt: string
  sha256?: string
}

/**
 * Every image that has a name, oldest import first. Reads one small file per image, or an index of them where one is up to date, and leaves
 * one behind; a file that cannot be read is told to `damaged`, or thrown.
 */
export function listImages(store: Store, damaged?: (error: RocketError) => void): ListedImage[] {
  const state = directoryState(store)
  const index = readNameIndex(store, state)
  const entries = index?.isCurrent === true ? index.entries : readEntries(store, state, index?.entries ?? [], damaged)
  return entries.map(listed).sort((a, b) => (a.importedAt < b.importedAt ? -1 : a.importedAt > b.importedAt ? 1 : 0))
}

/**
 * From the files, but for those that are as they were when they were indexed. An index is left behind when all could be read: what cannot
 * must be told of the next time, too.
 */
function readEntries(
  store: Store, state: string | undefined, indexed: readonly IndexedEntry[], damaged: ((error: RocketError) => void) | undefined,
): IndexedEntry[] {
  const known = new Map(indexed.map((entry) => [entry[0], entry]))
  const files = listImageFiles(store)
  const entries = files.flatMap((file): IndexedEntry[] => {
    const stat = statSync(join(store.directory, storeLayout.names, file), { throwIfNoEntry: false })
    if (stat === undefined) return []
    const before = known.get(file)
    if (before !== undefined && before[1] === stat.ino && before[2] === stat.size && before[3] === stat.mtimeMs) return [before]
    const ref = findRefOrTell(store, file, damaged)?.ref
    if (ref === undefined) return []
    const version = ref.labels.find((label) => label.name === 'version')?.value ?? null
    const { name, sizeBytes, importedAt, lastUsedAt, sha256 = null } = ref
    return [[file, stat.ino, stat.size, stat.mtimeMs, name, version, sizeBytes, importedAt, lastUsedAt, sha256]]
  })
  if (entries.length === files.length) writeNameIndex(store, state, entries)
  return entries
}

function listed([file, , , , name, version, sizeBytes, importedAt, lastUsedAt, sha256]: IndexedEntry): ListedImage {
  const image: ListedImage = { imageId: imageIdOfEntry(file) ?? '', name, sizeBytes, importedAt, lastUsedAt }
  if (version !== null) image.version = version
  if (sha256 !== null) image.sha256 = sha256
  return image
}
