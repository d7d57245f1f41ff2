import { renameSync, rmSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { join } from 'node:path'
import { isErrno, storeLayout } from '@rocket/contracts'
import { syscallError } from '@rocket/host'
import type { TreeReport } from '@rocket/image'
import { tryLock, type Lock } from '../locks.ts'
import { shortName } from '../store-names.ts'
import { removeTree, type Ingest } from './ingest-directory.ts'
import { findTreeRecord, writeTreeRecord, type TreeRecord } from './layer-record.ts'
import { syncFileSystem } from './sync-file-system.ts'

export interface TreeSource {
  /** What the tree is the tree of: two sources with one key would make the same tree. */
  key: string
  diffId?: string
  /** What it was unpacked from. */
  blob?: string
  /** Fills the directory, which does not exist yet and whose parent is private. What it throws leaves nothing. */
  fill(directory: string): Promise<TreeReport>
  /** Called once, when another process is at work on the same tree. */
  onWait?: () => void
}

export interface MadeTree {
  name: string
  record: TreeRecord
  isNew: boolean
}

const underway = new Map<string, Promise<MadeTree>>()

/**
 * The tree of this key, made unless it is there. It gets its name in `layers` when it is whole and synced, and counts from the moment its
 * record is written. Of several processes, and of several callers in one, the first makes it and the others wait for what comes of it.
 */
export function makeTree(ingest: Ingest, source: TreeSource): Promise<MadeTree> {
  const name = shortName(source.key)
  const id = join(ingest.store.directory, name)
  const running = underway.get(id)
  // After the failure of another one's attempt we try ourselves: its source may have been a worse one.
  if (running !== undefined) return running.then((made) => ({ ...made, isNew: false }), () => makeTree(ingest, source))
  const work = makeLocked(ingest, name, source).finally(() => underway.delete(id))
  underway.set(id, work)
  return work
}

async function makeLocked(ingest: Ingest, name: string, source: TreeSource): Promise<MadeTree> {
  const known = findTreeRecord(ingest.store, name)
  if (known !== undefined) return { name, record: known, isNew: false }
  const path = join(ingest.store.directory, storeLayout.ingest, `${name}.lock`)
  const lock = await waitForLock(path, source.onWait)
  try {
    const made = findTreeRecord(ingest.store, name)
    if (made !== undefined) return { name, record: made, isNew: false }
    const directory = join(ingest.directory, name)
    const report = await source.fill(directory)
    const { key, diffId, blob } = source
    const record: TreeRecord = {
      version: 1, key, ...(diffId === undefined ? {} : { diffId }), ...(blob === undefined ? {} : { blob }), report,
    }
    await commit(ingest, name, record)
    return { name, record, isNew: true }
  } finally {
    rmSync(path, { force: true })
    lock.release()
  }
}

/** Polls: a lock that blocks would stop every other transfer of this process. */
async function waitForLock(path: string, onWait: (() => void) | undefined): Promise<Lock> {
  for (let attempt = 0; ; attempt += 1) {
    const lock = tryLock(path)
    if (lock !== undefined) return lock
    if (attempt === 0) onWait?.()
    await setTimeout(Math.min(20 * (attempt + 1), 200))
  }
}

/** Content reaches the disk before the name that vouches for it. */
async function commit(ingest: Ingest, name: string, record: TreeRecord): Promise<void> {
  const from = join(ingest.directory, name)
  const to = join(ingest.store.directory, storeLayout.layers, name)
  try {
    await syncFileSystem(ingest.store.directory)
    try {
      renameSync(from, to)
    } catch (error) {
      if (!isErrno(error, 'ENOTEMPTY', 'EEXIST')) throw error
      // A tree without a record: someone was killed between the two, here or while removing it.
      const leftover = `${name}.leftover`
      renameSync(to, join(ingest.directory, leftover))
      renameSync(from, to)
      removeTree(ingest.directory, leftover)
    }
    writeTreeRecord(ingest.store, name, record)
  } catch (error) {
    throw syscallError(error, `the tree ${to} was not stored`)
  }
}
