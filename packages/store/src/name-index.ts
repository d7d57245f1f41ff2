import { readFileSync, statSync, type BigIntStats } from 'node:fs'
import { join } from 'node:path'
import { isErrno, RocketError, storeLayout } from '@rocket/contracts'
import { sha256Hex, writeFileAtomic } from '@rocket/host'
import type { Store } from './open-store.ts'

/**
 * The entry of an image as it was read, and the inode, length and time of change of its file, by which another one in its place, or a later
 * use, can be told. Without names of fields, which would be half of the file.
 */
export type IndexedEntry = [
  file: string, ino: number, fileBytes: number, mtimeMs: number,
  name: string, version: string | null, sizeBytes: number, importedAt: string, lastUsedAt: string, sha256: string | null,
]

export interface NameIndex {
  entries: IndexedEntry[]
  /** Nothing came, went, was replaced or used since: the entries are what reading the files would give. */
  isCurrent: boolean
}

/**
 * `refs/names.index`: what the entries of images say, in one file, because opening thousands takes longer than all the rest of `image list`.
 * It is derived, can be removed at any time, and counts only when it is whole. `state` is that of the directory now.
 */
export function readNameIndex(store: Store, state: string | undefined): NameIndex | undefined {
  let text: string
  try {
    text = readFileSync(indexPath(store), 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES', 'EISDIR')) return undefined
    throw error
  }
  const end = text.indexOf('\n')
  const [version, made, digest] = text.slice(0, end).split(' ')
  const body = text.slice(end + 1)
  if (version !== format || digest !== sha256Hex(body)) return undefined
  return { entries: JSON.parse(body) as IndexedEntry[], isCurrent: made === state }
}

/**
 * `state` is {@link directoryState} from before the entries were read. Nothing is written when the directory has changed since, or so
 * recently that one more change would not show in its times; nor where we may not write.
 */
export function writeNameIndex(store: Store, state: string | undefined, entries: readonly IndexedEntry[]): void {
  if (state === undefined || entries.length < fewestEntries || state !== directoryState(store) || isRecent(store)) return
  const body = JSON.stringify(entries)
  try {
    writeFileAtomic(indexPath(store), `${format} ${state} ${sha256Hex(body)}\n${body}`, { mode: 0o600 })
  } catch (error) {
    if (!(error instanceof RocketError)) throw error
  }
}

/** The directory of the entries as it is now. Every entry that comes, goes or is replaced changes its times, and so does every use. */
export function directoryState(store: Store): string | undefined {
  const stat = statIfThere(store)
  return stat === undefined ? undefined : `${stat.dev}:${stat.ino}:${stat.mtimeNs}:${stat.ctimeNs}`
}

const format = 'rocket-names-1'
/** Below this many, reading the entries themselves takes no longer. */
const fewestEntries = 32
/** More than a file system's clock may lag, those on a network included. */
const settledMs = 2000

function isRecent(store: Store): boolean {
  const stat = statIfThere(store)
  return stat === undefined || Date.now() - Number(stat.ctimeMs) < settledMs
}

function statIfThere(store: Store): BigIntStats | undefined {
  return statSync(join(store.directory, storeLayout.names), { bigint: true, throwIfNoEntry: false })
}

function indexPath(store: Store): string {
  return join(store.directory, 'refs/names.index')
}
