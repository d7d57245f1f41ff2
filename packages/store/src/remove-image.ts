import { listPins } from './pins.ts'
import { tryLockPrepareExclusive } from './locks.ts'
import { findReadableRef, listRefFiles, removeRef } from './refs.ts'
import { imageIdOfEntry } from './store-names.ts'
import type { Swept } from './sweep.ts'
import type { Store } from './open-store.ts'

export interface RemovedImage {
  /** Pods that still use it: its bytes stay until they are collected. */
  pinnedBy: string[]
  /** Undefined when a pod was being prepared: then the next collection removes the bytes. */
  swept: Swept | undefined
}

/** Takes every name of the image away; the bytes that nobody needs go with it. Running pods are not disturbed. Repeatable. */
export async function removeImage(store: Store, imageId: string): Promise<RemovedImage> {
  removeNames(store, imageId)
  const pinnedBy = listPins(store, () => {}).flatMap((pin) => (pin.images.includes(imageId) ? [pin.uuid] : []))
  const lock = tryLockPrepareExclusive(store)
  if (lock === undefined) return { pinnedBy, swept: undefined }
  try {
    const { sweep } = await import('./sweep.ts')
    return { pinnedBy, swept: sweep(store) }
  } finally {
    lock.release()
  }
}

export function removeNames(store: Store, imageId: string): void {
  for (const file of listRefFiles(store)) {
    if ((imageIdOfEntry(file) ?? findReadableRef(store, file)?.ref.imageId) === imageId) removeRef(store, file)
  }
}
