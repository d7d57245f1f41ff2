import { join } from 'node:path'
import { RocketError, storeLayout, type ImageRecord } from '@rocket/contracts'
import { readIfThere, writeFileAtomic } from '@rocket/host'
import type { TreeReport } from '@rocket/image'
import type { Store } from '../open-store.ts'
import { treesOf } from '../pins.ts'

/**
 * `layers/<name>.json`: what is known of the tree beside it. It is written last and removed first, so a tree counts only while its
 * record is there. Of use to the store alone.
 */
export interface TreeRecord {
  version: 1
  /** What the name was made from. */
  key: string
  /** Of the uncompressed tar, where the tree is that of one archive. */
  diffId?: string
  /** Digest of the bytes it was unpacked from, kept as long as the tree; another image may have the same layer compressed otherwise. */
  blob?: string
  report: TreeReport
}

export function findTreeRecord(store: Store, name: string): TreeRecord | undefined {
  const path = join(store.directory, storeLayout.layers, `${name}.json`)
  const text = readIfThere(path)?.toString('utf8')
  if (text === undefined) return undefined
  const record = parse(text)
  if (record?.version === 1 && Array.isArray(record.report?.implicitParents)) return record
  throw new RocketError('STORE_CORRUPT', {
    what: `${path} cannot be understood`, why: 'it was damaged, or written by another release',
    hint: `remove it with the images that use it, and fetch them again`,
  })
}

export function writeTreeRecord(store: Store, name: string, record: TreeRecord): void {
  writeFileAtomic(join(store.directory, storeLayout.layers, `${name}.json`), `${JSON.stringify(record)}\n`, { sync: true, mode: 0o600 })
}

export function treePath(name: string): string {
  return `store:${storeLayout.layers}/${name}`
}

/** The name in `layers` of a path as records hold it. */
export function treeName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function parse(text: string): TreeRecord | undefined {
  try {
    return JSON.parse(text) as TreeRecord
  } catch {
    return undefined
  }
}

/** Whether nothing of the image was lost: a record is only a promise that its trees are there. */
export function hasAllTrees(store: Store, record: ImageRecord): boolean {
  return treesOf(record).every((path) => findTreeRecord(store, treeName(path)) !== undefined)
}
