import { RocketError, type ImageRecord } from '@rocket/contracts'
import { findImageRecord, lockPrepare, openStore, treeDirectories, type Store } from '@rocket/store'
import { readSettings } from '../config/settings.ts'
import type { FlagValues } from '../grammar/flag.ts'
import { findStoredImage } from './stored-image.ts'

export interface UsedImage {
  store: Store
  record: ImageRecord
  /** Of its root file system, absolute, bottom first. */
  trees: string[]
}

/** The image that an argument means, and its record. Throws IMAGE_NOT_FOUND, IMAGE_ID_INVALID, DOCUMENT_MISSING. */
export function readStoredImage(store: Store, text: string): ImageRecord {
  const imageId = findStoredImage(store, text)
  const record = findImageRecord(store, imageId)
  if (record !== undefined) return record
  throw new RocketError('DOCUMENT_MISSING', {
    what: `the record of image ${imageId} is not in the store`,
    hint: 'remove the image and fetch it again',
  })
}

/** Works on the bytes of images: meanwhile nothing is collected. */
export async function useImages<T>(
  flags: FlagValues, texts: readonly string[], work: (...images: UsedImage[]) => T | Promise<T>,
): Promise<T> {
  const store = openStore(readSettings(flags).storeDirectory)
  // Looked up before the lock is asked for: an empty store has no place for one.
  for (const text of texts) readStoredImage(store, text)
  const lock = lockPrepare(store, 'shared')
  try {
    return await work(...texts.map((text) => {
      const record = readStoredImage(store, text)
      return { store, record, trees: treeDirectories(store, record) }
    }))
  } finally {
    lock.release()
  }
}
