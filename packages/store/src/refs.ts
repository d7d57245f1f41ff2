import { closeSync, fstatSync, openSync, readFileSync, rmSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { checkDocument, isErrno, isUnreadable, parseDocument, RocketError, storeLayout, type NameRef } from '@rocket/contracts'
import { namesIn, writeFileAtomic } from '@rocket/host'
import { imageEntryFile, imageIdOfEntry, referenceFile } from './store-names.ts'
import type { Store } from './open-store.ts'

/** A name of an image, with its last use as it is now: the file's time of change, which costs less to raise than a new file. */
export interface Ref {
  file: string
  ref: NameRef
}

/** Undefined when there is none. Throws DOCUMENT_INVALID or DOCUMENT_VERSION_UNKNOWN. */
export function findRef(store: Store, file: string): Ref | undefined {
  const path = join(store.directory, storeLayout.names, file)
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
  try {
    const ref = parseDocument('NameRef', readFileSync(fd, 'utf8'), path)
    const touched = new Date(Math.floor(fstatSync(fd).mtimeMs)).toISOString()
    return { file, ref: touched > ref.lastUsedAt ? { ...ref, lastUsedAt: touched } : ref }
  } catch (error) {
    throw isUnreadable(error) ? withAdvice(error, file) : error
  } finally {
    closeSync(fd)
  }
}

/** As {@link findRef}; one that cannot be read counts as none: fetching writes it anew. */
export function findReadableRef(store: Store, file: string): Ref | undefined {
  try {
    return findRef(store, file)
  } catch (error) {
    if (isUnreadable(error)) return undefined
    throw error
  }
}

export function findReferenceRef(store: Store, key: string): Ref | undefined {
  return findReadableRef(store, referenceFile(key))
}

export function listRefFiles(store: Store): string[] {
  // One that begins with a dot is being written, or its writer was killed.
  return namesIn(join(store.directory, storeLayout.names)).filter((name) => name.endsWith('.json') && !name.startsWith('.'))
}

/** Every name and every reference that can be read. */
export function listRefs(store: Store): Ref[] {
  return listRefFiles(store).flatMap((file) => findReadableRef(store, file) ?? [])
}

/** Names of the files that are entries of images. */
export function listImageFiles(store: Store): string[] {
  return listRefFiles(store).filter((file) => imageIdOfEntry(file) !== undefined)
}

/** The entries of images; `prefix` narrows them to one image name. One that cannot be read is told to `damaged`, or thrown. */
export function listImageEntries(
  store: Store, { prefix = 'i-', damaged }: { prefix?: string; damaged?: (error: RocketError) => void } = {},
): Ref[] {
  return listImageFiles(store).filter((file) => file.startsWith(prefix)).flatMap((file) => findRefOrTell(store, file, damaged) ?? [])
}

/** As {@link findRef}; one that cannot be read is told to `damaged`, where there is someone to tell. */
export function findRefOrTell(store: Store, file: string, damaged: ((error: RocketError) => void) | undefined): Ref | undefined {
  try {
    return findRef(store, file)
  } catch (error) {
    if (damaged === undefined || !isUnreadable(error)) throw error
    damaged(error)
    return undefined
  }
}

/** Writes the image's own entry, and the one of the reference it was asked for by. The image record must be there already. */
export function writeRefs(store: Store, ref: NameRef, referenceKey: string): void {
  writeRef(store, imageEntryFile(ref.name, ref.imageId), ref)
  writeRef(store, referenceFile(referenceKey), ref)
}

export function removeRef(store: Store, file: string): void {
  rmSync(join(store.directory, storeLayout.names, file), { force: true })
}

/** Raises the last use of an image to now. A store that cannot be written to does not hinder its use. */
export function touchLastUsed(store: Store, ref: Pick<NameRef, 'name' | 'imageId'>): void {
  const now = Date.now() / 1000
  const names = join(store.directory, storeLayout.names)
  try {
    utimesSync(join(names, imageEntryFile(ref.name, ref.imageId)), now, now)
    // What was indexed of the names is out of date with it.
    utimesSync(names, now, now)
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'EACCES', 'EPERM', 'EROFS')) throw error
  }
}

/** One of the two alone, under the name of its file. */
export function writeRef(store: Store, file: string, ref: NameRef): void {
  checkDocument('NameRef', ref, file)
  writeFileAtomic(join(store.directory, storeLayout.names, file), `${JSON.stringify(ref, undefined, 2)}\n`, { sync: true, mode: 0o600 })
}

/** Of an image's own entry the name of the file says which image it is. */
function withAdvice(error: RocketError, file: string): RocketError {
  const imageId = imageIdOfEntry(file)
  return new RocketError(error.code, {
    what: error.what, ...(error.why === undefined ? {} : { why: error.why }), cause: error,
    ...(imageId === undefined ? {} : { hint: `take it away with \`rkt image rm ${imageId}\`, then fetch the image again` }),
  })
}
