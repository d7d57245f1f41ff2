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
  const images = new Map<string, MeasuredImage>(listRecords(store).map((imageId) => [imageId, { imageId, ownBytes: 0, sharedBytes: 0 }]))
  let sharedBytes = 0
  let unusedBytes = 0
  for (const { bytes, imageIds } of measureUnits(store)) {
    if (imageIds.length === 0) unusedBytes += bytes
    if (imageIds.length > 1) sharedBytes += bytes
    for (const id of imageIds) images.get(id)![imageIds.length === 1 ? 'ownBytes' : 'sharedBytes'] += bytes
  }
  const totalBytes = new DiskUsage().bytesOf(store.directory)
  const counted = [...images.values()].reduce((sum, { ownBytes }) => sum + ownBytes, sharedBytes + unusedBytes)
  return { images: [...images.values()], sharedBytes, unusedBytes, otherBytes: totalBytes - counted, totalBytes }
}

/** Files that come and go together, and the images they belong to. */
export interface MeasuredUnit {
  bytes: number
  imageIds: string[]
}

/** Everything in the store that can belong to images. */
export function measureUnits(store: Store): MeasuredUnit[] {
  const owners = findOwners(store)
  const usage = new DiskUsage()
  const bytesOf = (...files: string[]): number => files.reduce((sum, file) => sum + usage.bytesOf(join(store.directory, file)), 0)
  return [
    ...listRecords(store).map((id) => ({ bytes: bytesOf(storeLayout.imageRecord(id), storeLayout.evidence(id)), imageIds: [id] })),
    ...listTrees(store).map((tree) => ({
      bytes: bytesOf(`${storeLayout.layers}/${tree}`, `${storeLayout.layers}/${tree}.json`), imageIds: owners.trees.get(tree) ?? [],
    })),
    ...listBlobs(store).map((digest) => ({ bytes: bytesOf(blobFile(digest)), imageIds: owners.blobs.get(digest) ?? [] })),
  ]
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
