import { isUnreadable, type ImageRecord } from '@rocket/contracts'
import { findImageRecord } from './find-image.ts'
import { partsOf } from './image-parts.ts'
import { treeName } from './ingest/layer-record.ts'
import { listPins } from './pins.ts'
import { findReadableRef, listRefFiles } from './refs.ts'
import { imageIdOfEntry } from './store-names.ts'
import type { Store } from './open-store.ts'

/** From what is kept for its own sake, a name or a pod, down to the thing itself: `['name example.com/web:2', 'image sha512-…']`. */
export type KeptBy = readonly string[]

/** Everything in the store that something needs, by name, each with the first path that leads to it. */
export interface Reachable {
  images: Map<string, KeptBy>
  trees: Map<string, KeptBy>
  blobs: Map<string, KeptBy>
  /** Image records and pins that cannot be read: what they would lead to is not known, so no tree and no blob may go meanwhile. */
  unreadable: string[]
}

export interface Without {
  /** Pods and images to be looked at as if they were gone already. */
  pods?: ReadonlySet<string>
  images?: ReadonlySet<string>
}

/** Names first, then pods. Nothing is changed. */
export function findReachable(store: Store, without: Without = {}): Reachable {
  const reachable: Reachable = { images: new Map(), trees: new Map(), blobs: new Map(), unreadable: [] }
  for (const file of listRefFiles(store)) {
    const imageId = imageIdOfEntry(file)
    if (imageId === undefined || without.images?.has(imageId) === true) continue
    reachable.images.set(imageId, [`name ${nameOf(store, file)}`])
  }
  const pins = listPins(store, (file) => reachable.unreadable.push(file)).filter(({ uuid }) => without.pods?.has(uuid) !== true)
  for (const { uuid, images } of pins) for (const imageId of images) add(reachable.images, imageId, [`pod ${uuid}`])
  for (const [imageId, path] of reachable.images) {
    const record = readRecord(store, imageId, reachable)
    if (record === undefined) continue
    const here = [...path, `image ${imageId}`]
    const { trees, blobs } = partsOf(store, record)
    for (const tree of trees) add(reachable.trees, tree, here)
    for (const digest of blobs) add(reachable.blobs, digest, here)
    // What it was rendered from is what it can be rendered from again. Added while they are walked, they get their turn.
    for (const dependency of record.dependencies ?? []) add(reachable.images, dependency, here)
  }
  // What a pod uses stays even when the record that it came with is gone.
  for (const { uuid, trees } of pins) for (const tree of trees) add(reachable.trees, treeName(tree), [`pod ${uuid}`])
  return reachable
}

function readRecord(store: Store, imageId: string, reachable: Reachable): ImageRecord | undefined {
  try {
    return findImageRecord(store, imageId)
  } catch (error) {
    if (!isUnreadable(error)) throw error
    reachable.unreadable.push(`images/${imageId}.json`)
    return undefined
  }
}

/** As people write it, or the file where it cannot be read. */
function nameOf(store: Store, file: string): string {
  const ref = findReadableRef(store, file)?.ref
  const version = ref?.labels.find(({ name }) => name === 'version')?.value
  return ref === undefined ? file : version === undefined ? ref.name : `${ref.name}:${version}`
}

function add(paths: Map<string, KeptBy>, name: string, path: KeptBy): void {
  if (!paths.has(name)) paths.set(name, path)
}
