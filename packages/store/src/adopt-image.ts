import { existsSync, lstatSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isErrno, RocketError, storeLayout } from '@rocket/contracts'
import { writeFileAtomic } from '@rocket/host'
import { findImageRecord } from './find-image.ts'
import { blobFile, partsOf } from './image-parts.ts'
import { openIngest, removeTree, type Ingest } from './ingest/ingest-directory.ts'
import { listIn } from './list-store.ts'
import type { Store } from './open-store.ts'
import { listRefs, writeRef } from './refs.ts'

/**
 * Takes an image of another store into use where it lies: records, names and evidence are copied, trees and blobs become links to it. The
 * other store is only read, and never collected from here. The caller holds the prepare lock. Repeatable; a kill leaves links that nobody
 * needs. Throws IMAGE_NOT_FOUND when the other store has it no more.
 */
export function adoptImage(store: Store, other: Store, imageId: string): void {
  const record = findImageRecord(other, imageId)
  if (record === undefined) {
    throw new RocketError('IMAGE_NOT_FOUND', { what: `the image ${imageId} is no longer in ${other.directory}`, hint: 'run the command again' })
  }
  const ingest = openIngest(store)
  try {
    const { trees, blobs } = partsOf(other, record)
    for (const digest of blobs) link(ingest, other, blobFile(digest))
    for (const name of trees) {
      const file = `${storeLayout.layers}/${name}`
      // A tree counts by its record, so the record comes last.
      if (existsSync(join(store.directory, `${file}.json`))) continue
      link(ingest, other, file)
      copy(store, other, `${file}.json`)
    }
    for (const name of listIn(other, storeLayout.evidence(imageId))) copy(store, other, `${storeLayout.evidence(imageId)}/${name}`)
    copy(store, other, storeLayout.imageRecord(imageId))
  } finally {
    ingest.release()
  }
  const now = new Date().toISOString()
  for (const { file, ref } of listRefs(other)) {
    if (ref.imageId === imageId) writeRef(store, file, { ...ref, importedAt: now, lastUsedAt: now })
  }
}

/** Of what is there already only a tree without a record makes way: it is half of one. */
function link({ store, directory }: Ingest, other: Store, file: string): void {
  const to = join(store.directory, file)
  if (!existsSync(join(other.directory, file)) || (existsSync(to) && file.startsWith(storeLayout.blobs))) return
  if (lstatSync(to, { throwIfNoEntry: false })?.isDirectory() === true) {
    renameSync(to, join(directory, 'half'))
    removeTree(directory, 'half')
  }
  mkdirSync(dirname(to), { recursive: true, mode: 0o700 })
  const beside = join(directory, 'link')
  rmSync(beside, { force: true })
  symlinkSync(realpathSync(join(other.directory, file)), beside)
  renameSync(beside, to)
}

function copy(store: Store, other: Store, file: string): void {
  const to = join(store.directory, file)
  if (existsSync(to)) return
  try {
    const text = readFileSync(join(other.directory, file))
    mkdirSync(dirname(to), { recursive: true, mode: 0o700 })
    writeFileAtomic(to, text, { sync: true, mode: 0o600 })
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error
  }
}
