import { join } from 'node:path'
import { storeLayout } from '@rocket/contracts'
import { probeLock } from '@rocket/host'
import { blobOfTree } from './image-parts.ts'
import { findReachable, type KeptBy, type Without } from './find-reachable.ts'
import { listBlobs, listIn, listRecords, listTrees } from './list-store.ts'
import { findReadableRef, listRefFiles } from './refs.ts'
import { imageIdOfEntry } from './store-names.ts'
import { isYoungPartialBlob } from './ingest/partial-blob.ts'
import type { Store } from './open-store.ts'

/** Something of the store, and why it stays; without `keptBy` nothing needs it, and it goes. */
export interface SweepItem {
  kind: 'reference' | 'image' | 'evidence' | 'tree' | 'blob' | 'ingest'
  name: string
  keptBy?: KeptBy
}

/** What a collection would keep and remove, in the order in which it is removed. Changes nothing. */
export function planSweep(store: Store, without: Without = {}): SweepItem[] {
  const reachable = findReachable(store, without)
  const [blind] = reachable.unreadable
  // Whatever nobody is known to need may be needed by what cannot be read.
  const fallback = blind === undefined ? undefined : [`${blind} cannot be read, so nobody knows what it needs`]
  const pinnedBlobs = new Map([...reachable.trees].flatMap(([name, path]) => {
    const blob = blobOfTree(store, name)
    return blob === undefined ? [] : [[blob, [...path, `tree ${name}`]] as const]
  }))
  return [
    ...planReferences(store, without),
    ...listRecords(store).map((name) => item('image', name, reachable.images.get(name))),
    ...listIn(store, 'evidence').filter((name) => !reachable.images.has(name)).map((name) => item('evidence', name, undefined)),
    ...listTrees(store).map((name) => item('tree', name, reachable.trees.get(name) ?? fallback)),
    ...listBlobs(store).map((digest) => item('blob', digest, reachable.blobs.get(digest) ?? pinnedBlobs.get(digest) ?? fallback)),
    ...listIn(store, storeLayout.ingest).filter((name) => !name.endsWith('.lock')).map((name) => item('ingest', name, holderOf(store, name))),
  ]
}

function item(kind: SweepItem['kind'], name: string, keptBy: KeptBy | undefined): SweepItem {
  return keptBy === undefined ? { kind, name } : { kind, name, keptBy }
}

/** A reference is of use as long as the image that it was fetched as has a name. */
function planReferences(store: Store, without: Without): SweepItem[] {
  const files = listRefFiles(store)
  const named = new Set(files.flatMap((file) => imageIdOfEntry(file) ?? []))
  return files.filter((file) => imageIdOfEntry(file) === undefined).map((file) => {
    const imageId = findReadableRef(store, file)?.ref.imageId
    const isNamed = imageId !== undefined && named.has(imageId) && without.images?.has(imageId) !== true
    return item('reference', file, isNamed ? [`image ${imageId}`] : undefined)
  })
}

function holderOf(store: Store, name: string): KeptBy | undefined {
  if (isYoungPartialBlob(store, name)) return ['a transfer that broke off less than a day ago']
  return probeLock(join(store.directory, storeLayout.ingest, name)) === 'held' ? [`process ${name.split('-')[0]}, which is at work`] : undefined
}
