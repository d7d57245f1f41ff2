import { RocketError, type ImageRecord } from '@rocket/contracts'
import type { StageContext } from '@rocket/host'
import { findImageRecord, lockPrepare, pinForPod, touchLastUsed, type Store } from '@rocket/store'
import type { PlannedImage } from './plan-fetch.ts'

/**
 * The end of every fetch, and all of it when the images are there: they are pinned for the pod, and only then named in `images.json`.
 * Synchronous. Throws IMAGE_NOT_FOUND when an image was removed since the plan was made.
 */
export function useStoredImages(images: readonly Extract<PlannedImage, { from: 'store' }>[], store: Store, context: StageContext): void {
  const lock = lockPrepare(store, 'shared')
  try {
    pinForPod(store, context.uuid, images.map((image) => readRecord(store, image)), { sync: context.files.sync })
  } finally {
    lock.release()
  }
  for (const image of images) {
    context.debug(image.message)
    touchLastUsed(store, image)
  }
  context.files.write('Images', {
    version: 1, uuid: context.uuid, images: images.map(({ reference, imageId }) => ({ reference, imageId })),
  })
}

function readRecord(store: Store, image: { reference: string; imageId: string }): ImageRecord {
  const record = findImageRecord(store, image.imageId)
  if (record !== undefined) return record
  throw new RocketError('IMAGE_NOT_FOUND', {
    what: `the image ${image.imageId} is no longer in the store`, why: 'it was removed at this moment', hint: 'run the command again',
  })
}
