import { parseImageName } from '@rocket/fetch'
import { findImageIdByPrefix, readImageByName, type Store } from '@rocket/store'

/** The ID of the image that an argument of the `image` commands means: an ID or the beginning of one, or a name with labels. */
export function findStoredImage(store: Store, text: string): string {
  if (/^sha(512-|256:)/.test(text)) return findImageIdByPrefix(store, text)
  const { name, labels } = parseImageName(text)
  return readImageByName(store, name, labels).ref.imageId
}
