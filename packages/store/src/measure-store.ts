import { join } from 'node:path'
import { isUnreadable, storeLayout } from '@rocket/contracts'
import { DiskUsage } from './disk-usage.ts'
import { findImageRecord } from './find-image.ts'
import { blobFile, partsOf } from './image-parts.ts'
import { listBlobs, listRecords, listTrees } from './list-store.ts'
import type { Store } from './open-store.ts'

export interface MeasuredImage {
  imageId: string
  /** What would be free if only this image were gone. */
  ownBytes: number
  /** What it has in common with others: counted for each of them. */
  sharedBytes: number
}

/** `ownBytes` of all images, `sharedBytes` once, and the other two are together `totalBytes`, which is what `du -s` says of the store. */
export interface MeasuredStore {
  images: MeasuredImage[]
  /** What several images have in common, once. */
  sharedBytes: number
  /** What no image has: for the next collection, unless a pod still uses it. */
  unusedBytes: number
  /** Names, pins, directories, and what is being fetched. */
  otherBytes: number
  totalBytes: number
}

/** Reads every directory of the store. Images without a readable record count as unused. */
export function measureStore(store: Store): MeasuredStore {
  const owners = findOwners(store)
  const usage = new DiskUsage()
  const images = new Map<string, MeasuredImage>(listRecords(store).map((imageId) => [imageId, { imageId, ownBytes: 0, sharedBytes: 0 }]))
  let sharedBytes = 0
  let unusedBytes = 0
  for (const [files, ids] of unitsOf(store, owners)) {
    const bytes = files.reduce((sum, file) => sum + usage.bytesOf(join(store.directory, file)), 0)
    if (ids.length === 0) unusedBytes += bytes
    if (ids.length > 1) sharedBytes += bytes
    for (const id of ids) images.get(id)![ids.length === 1 ? 'ownBytes' : 'sharedBytes'] += bytes
  }
  const totalBytes = new DiskUsage().bytesOf(store.directory)
  const counted = [...images.values()].reduce((sum, { ownBytes }) => sum + ownBytes, sharedBytes + unusedBytes)
  return { images: [...images.values()], sharedBytes, unusedBytes, otherBytes: totalBytes - counted, totalBytes }
}

/** By tree and by blob, the images that have it. */
interface Owners {
  trees: Map<string, string[]>
  blobs: Map<string, string[]>
}

function findOwners(store: Store): Owners {
  const owners: Owners = { trees: new Map(), blobs: new Map() }
  for (const imageId of listRecords(store)) {
    const record = readIfReadable(store, imageId)
    if (record === undefined) continue
    const { trees, blobs } = partsOf(store, record)
    for (const name of trees) owners.trees.set(name, [...(owners.trees.get(name) ?? []), imageId])
    for (const digest of blobs) owners.blobs.set(digest, [...(owners.blobs.get(digest) ?? []), imageId])
  }
  return owners
}

function readIfReadable(store: Store, imageId: string): ReturnType<typeof findImageRecord> {
  try {
    return findImageRecord(store, imageId)
  } catch (error) {
    if (isUnreadable(error)) return undefined
    throw error
  }
}

/** Everything that belongs to images: files that come and go together, and the images they belong to. */
function* unitsOf(store: Store, owners: Owners): Generator<[files: string[], imageIds: string[]], void, undefined> {
  for (const imageId of listRecords(store)) yield [[storeLayout.imageRecord(imageId), storeLayout.evidence(imageId)], [imageId]]
  for (const name of listTrees(store)) {
    yield [[`${storeLayout.layers}/${name}`, `${storeLayout.layers}/${name}.json`], owners.trees.get(name) ?? []]
  }
  for (const digest of listBlobs(store)) yield [[blobFile(digest)], owners.blobs.get(digest) ?? []]
}
