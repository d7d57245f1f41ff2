import { join } from 'node:path'
import { parseDocument, RocketError, storeLayout, type ImageRecord, type NameRef } from '@rocket/contracts'
import { readIfThere } from '@rocket/host'
import { listImageEntries, listRefFiles, type Ref } from './refs.ts'
import { imageEntryPrefix, imageIdOfEntry } from './store-names.ts'
import type { Store } from './open-store.ts'

export type Label = NameRef['labels'][number]

/** Undefined when the image is not in the store. */
export function findImageRecord(store: Store, imageId: string): ImageRecord | undefined {
  const path = join(store.directory, storeLayout.imageRecord(imageId))
  const text = readIfThere(path)?.toString('utf8')
  return text === undefined ? undefined : parseDocument('ImageRecord', text, path)
}

/**
 * The image whose ID begins with `text`; longer input is cut to the length of an ID. Throws IMAGE_ID_INVALID with rkt's words:
 * `wrong key prefix`, `image ID too short`, `no image IDs found`, `ambiguous image ID: "…"`. Reference: rkt, "Image ID arguments".
 */
export function findImageIdByPrefix(store: Store, text: string): string {
  if (text.startsWith('sha256:')) return findBySha256(store, text)
  const wanted = parsePrefix(text)
  const found = new Set<string>()
  for (const file of listRefFiles(store)) {
    const imageId = imageIdOfEntry(file)
    if (imageId?.startsWith(wanted) === true) found.add(imageId)
  }
  return theOnly([...found], text)
}

/**
 * The entry that answers to a name: every label asked for must be there with that value; without a version, images that were fetched
 * without one come first; among what is left the newest import wins. Reference: rkt, "Store look-up by name".
 */
export function findImageByName(store: Store, name: string, labels: readonly Label[]): Ref | undefined {
  const candidates = listImageEntries(store, { prefix: imageEntryPrefix(name) })
    .filter(
      ({ ref }) => ref.name === name && labels.every(
        (label) => ref.labels.some((own) => own.name === label.name && own.value === label.value)
      )
    )
  const wantsLatest = !labels.some((label) => label.name === 'version')
  const latest = wantsLatest ? candidates.filter(({ ref }) => ref.latest) : []
  return (latest.length > 0 ? latest : candidates).reduce<Ref | undefined>(
    (best, next) => (best === undefined || next.ref.importedAt > best.ref.importedAt ? next : best), undefined)
}

/** As {@link findImageByName}, for commands that need the image. Throws IMAGE_NOT_FOUND. */
export function readImageByName(store: Store, name: string, labels: readonly Label[]): Ref {
  const found = findImageByName(store, name, labels)
  if (found !== undefined) return found
  const shown = labels.map((label) => `${JSON.stringify(label.name)}:${JSON.stringify(label.value)}`).sort().join(', ')
  throw new RocketError('IMAGE_NOT_FOUND', {
    what: `cannot find aci satisfying name: ${JSON.stringify(name)} and labels: [${shown}]`,
    hint: '`rkt image list` shows the images of this store',
  })
}

function findBySha256(store: Store, text: string): string {
  const digits = text.slice('sha256:'.length).toLowerCase()
  if (digits.length < 2) throw invalid('image ID too short', text)
  // An entry that cannot be read keeps nobody from the other images.
  const readable = listImageEntries(store, { damaged: () => {} })
  return theOnly(
    [...new Set(readable.flatMap(({ ref }) => (ref.sha256?.startsWith(`sha256:${digits}`) === true ? [ref.imageId] : [])))], text,
  )
}

function theOnly(found: readonly string[], text: string): string {
  const [first] = found
  if (first === undefined) throw invalid('no image IDs found', text)
  if (found.length > 1) throw invalid(`ambiguous image ID: ${JSON.stringify(text)}`, found.slice(0, 4).join(', '))
  return first
}

/** The same rule as `parseImageIdPrefix` of the image package, which the run path does not load. */
function parsePrefix(text: string): string {
  if (!text.startsWith('sha512-')) throw invalid('wrong key prefix', text)
  const digits = text.slice('sha512-'.length).toLowerCase()
  if (digits.length < 2) throw invalid('image ID too short', text)
  if (!/^[0-9a-f]+$/.test(digits)) throw invalid('an image ID is a hex number', text)
  return `sha512-${digits.slice(0, 64)}`
}

function invalid(what: string, why: string): RocketError {
  return new RocketError('IMAGE_ID_INVALID', { what, why: why.slice(0, 300), hint: '`rkt image list` shows the images of this store' })
}
