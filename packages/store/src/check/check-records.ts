import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isRocketError, isUnreadable, parseDocument, storeLayout, type ImageRecord, type NameRef } from '@rocket/contracts'
import { findImageRecord } from '../find-image.ts'
import { blobFile, partsOf } from '../image-parts.ts'
import { findTreeRecord } from '../ingest/layer-record.ts'
import { listIn, listRecords } from '../list-store.ts'
import { listPins, pinForPod, unpinPod } from '../pins.ts'
import { findReadableRef, listRefFiles, listRefs, removeRef, writeRef } from '../refs.ts'
import { imageEntryFile, imageIdOfEntry } from '../store-names.ts'
import type { Store } from '../open-store.ts'
import type { FoundFault } from './fault.ts'

/** The records of what a pod uses, from its own directory; undefined when there is no such pod. */
export type RecordsOfPod = (uuid: string) => ImageRecord[] | undefined

/** The image records that can be read. */
export function readableRecords(store: Store): ImageRecord[] {
  return listRecords(store).flatMap((imageId) => readOrWhy(store, imageId).record ?? [])
}

/** Whether records, names, pins and evidence can be read, and whether what they name is there. */
export function* checkRecords(store: Store, recordsOfPod: RecordsOfPod): Generator<FoundFault, void, undefined> {
  const references = new Map(listRefs(store).map(({ ref }) => [ref.imageId, ref.reference]))
  for (const imageId of listRecords(store)) yield* checkImage(store, imageId, references.get(imageId))
  yield* checkNames(store)
  yield* checkPins(store, recordsOfPod)
  for (const directory of listIn(store, 'evidence')) {
    for (const name of listIn(store, `evidence/${directory}`).filter((file) => !file.startsWith('.'))) {
      const file = `evidence/${directory}/${name}`
      const why = whyUnreadable(() => parseDocument('Evidence', readFileSync(join(store.directory, file), 'utf8'), file))
      if (why !== undefined) yield { kind: 'evidence-damaged', file, why, images: [directory], hint: `what was verified cannot be told from it; fetch the image again` }
    }
  }
}

function* checkImage(store: Store, imageId: string, reference: string | undefined): Generator<FoundFault, void, undefined> {
  const { record, why } = readOrWhy(store, imageId)
  const again = `\`rkt image rm ${imageId}\`, then fetch ${reference ?? 'it'} again`
  const file = storeLayout.imageRecord(imageId)
  if (record === undefined) {
    const mend = (): void => rmSync(join(store.directory, file), { force: true })
    yield { kind: 'record-damaged', file, why, images: [imageId], mend, hint: `fetch ${reference ?? 'the image'} again` }
    return
  }
  const { trees, blobs } = partsOf(store, record)
  for (const name of trees) {
    const tree = `${storeLayout.layers}/${name}`
    const unreadable = whyUnreadable(() => findTreeRecord(store, name))
    if (unreadable !== undefined) yield { kind: 'tree-record-damaged', file: `${tree}.json`, why: unreadable, images: [imageId], hint: again }
    else if (!existsSync(join(store.directory, tree)) || !existsSync(join(store.directory, `${tree}.json`))) {
      yield { kind: 'tree-missing', file: tree, why: 'a record names it, and it is not there whole', images: [imageId], hint: again }
    }
  }
  for (const digest of blobs) {
    if (existsSync(join(store.directory, blobFile(digest)))) continue
    yield { kind: 'blob-missing', file: blobFile(digest), why: 'a record names it, and it is not there', images: [imageId], hint: again }
  }
}

function* checkNames(store: Store): Generator<FoundFault, void, undefined> {
  const records = new Set(listRecords(store))
  for (const file of listRefFiles(store)) {
    const path = `${storeLayout.names}/${file}`
    const ref = findReadableRef(store, file)?.ref
    const imageId = imageIdOfEntry(file) ?? ref?.imageId
    const images = imageId === undefined ? [] : [imageId]
    if (ref === undefined) {
      yield { kind: 'name-damaged', file: path, why: 'it cannot be read', images, mend: () => rewriteName(store, file) }
    } else if (!records.has(ref.imageId) || ref.imageId !== imageId) {
      const hint = `fetch ${ref.reference} again`
      yield { kind: 'record-missing', file: path, why: `there is no record of image ${ref.imageId}`, images, mend: () => removeRef(store, file), hint }
    }
  }
}

/** From the entry of a reference, which says the same, or else from what the image itself says; a reference that is damaged goes. */
function rewriteName(store: Store, file: string): void {
  const imageId = imageIdOfEntry(file)
  const twin = listRefs(store).find(({ ref }) => ref.imageId === imageId && imageEntryFile(ref.name, ref.imageId) === file)?.ref
  const record = imageId === undefined ? undefined : readOrWhy(store, imageId).record
  const restored = twin ?? (record === undefined || imageEntryFile(record.manifest.name, record.imageId) !== file ? undefined : nameFrom(record))
  if (restored === undefined) removeRef(store, file)
  else writeRef(store, file, restored)
}

function nameFrom(record: ImageRecord): NameRef {
  const now = new Date().toISOString()
  const { name, labels } = record.manifest
  return {
    version: 1, imageId: record.imageId, reference: record.imageId, name, labels, latest: false,
    sizeBytes: record.sizeBytes + record.unpackedBytes, importedAt: now, lastUsedAt: now,
    ...(record.sha256 === undefined ? {} : { sha256: record.sha256 }),
  }
}

function* checkPins(store: Store, recordsOfPod: RecordsOfPod): Generator<FoundFault, void, undefined> {
  const damaged: string[] = []
  listPins(store, (file) => damaged.push(file))
  for (const file of damaged) {
    const uuid = file.slice(file.lastIndexOf('/') + 1, -'.json'.length)
    const mend = (): void => {
      const records = recordsOfPod(uuid)
      if (records === undefined) unpinPod(store, uuid)
      else pinForPod(store, uuid, records, { sync: true })
    }
    yield { kind: 'pin-damaged', file, why: 'it cannot be read, so nobody knows what the pod uses', images: [], mend }
  }
}

function readOrWhy(store: Store, imageId: string): { record?: ImageRecord; why: string } {
  let record: ImageRecord | undefined
  const why = whyUnreadable(() => {
    record = findImageRecord(store, imageId)
  })
  if (record === undefined) return { why: why ?? 'it is not there' }
  if (record.imageId !== imageId) return { why: `it is that of ${record.imageId}` }
  const { sha512 } = record
  return sha512.startsWith(imageId.slice('sha512-'.length)) ? { record, why: '' } : { why: 'its digest is not that of its name' }
}

function whyUnreadable(read: () => unknown): string | undefined {
  try {
    read()
    return undefined
  } catch (error) {
    if (isUnreadable(error) || isRocketError(error, 'STORE_CORRUPT')) return error.why ?? error.what
    throw error
  }
}
