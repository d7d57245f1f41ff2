import { readSync } from 'node:fs'
import { RocketError } from '@rocket/contracts'
import { showPath } from './entry-path.ts'
import { TreeWriter } from './tree-writer.ts'
import { openUnpackTarget } from './unpack-target.ts'
import { type WalkedEntry, walkTree } from './walk-tree.ts'

const chunkBytes = 1 << 20

/**
 * Copies a tree, or what an overlay of several (bottom first) would show, into `target`: a directory that is made, or an empty one of ours.
 * Owners, modes, times, attributes and hard links are kept as far as the user may set them; sockets are left out. What fails leaves no copy
 * behind. Throws PACK_FAILED, UNPACK_TARGET_UNSAFE, DISK_FULL, SYSCALL_FAILED.
 */
export function copyTree(directories: string | readonly string[], target: string): void {
  const opened = openUnpackTarget(target)
  const writer = new TreeWriter(opened.root, {
    whiteouts: 'none',
    hasLower: false,
    allowDevices: process.geteuid?.() === 0,
    maxEntries: Number.MAX_SAFE_INTEGER,
    maxUnpackedBytes: Number.MAX_SAFE_INTEGER,
  })
  try {
    for (const walked of walkTree(directories)) copyEntry(walked, writer)
    writer.finish()
    opened.close()
  } catch (error) {
    writer.abandon()
    opened.remove()
    throw error
  }
}

function copyEntry({ path, entry, content }: WalkedEntry, writer: TreeWriter): void {
  const take = writer.begin(path, entry)
  for (let left = content === undefined || take === undefined ? 0 : entry.size; left > 0;) {
    const chunk = Buffer.allocUnsafe(Math.min(left, chunkBytes))
    const length = readSync(content!, chunk)
    if (length === 0)
      throw new RocketError('PACK_FAILED', { what: `${showPath(path)} cannot be copied`, why: 'it became shorter while it was read' })
    take!(chunk.subarray(0, length))
    left -= length
  }
  writer.end(path)
}
