import type { RocketError } from '@rocket/contracts'
import { listImageEntries } from './refs.ts'
import type { Store } from './open-store.ts'

export interface ListedImage {
  imageId: string
  name: string
  labels: { name: string; value: string }[]
  /** Of the image and its trees. */
  sizeBytes: number
  importedAt: string
  lastUsedAt: string
  sha256?: string
}

/**
 * Every image that has a name, oldest import first. Reads one small file per image; one that cannot be read is told to `damaged`, or thrown.
 */
export function listImages(store: Store, damaged?: (error: RocketError) => void): ListedImage[] {
  return listImageEntries(store, damaged === undefined ? {} : { damaged })
    .map(({ ref }) => ({
      imageId: ref.imageId, name: ref.name, labels: ref.labels, sizeBytes: ref.sizeBytes, importedAt: ref.importedAt,
      lastUsedAt: ref.lastUsedAt,
      ...(ref.sha256 === undefined ? {} : { sha256: ref.sha256 }),
    }))
    .sort((a, b) => (a.importedAt < b.importedAt ? -1 : a.importedAt > b.importedAt ? 1 : 0))
}
