import { fchmodSync, fchownSync } from 'node:fs'
import { isErrno, RocketError } from '@rocket/contracts'
import { linux, native } from '@rocket/host'
import type { Place } from './rooted-tree.ts'
import type { TarEntry } from './tar-entry.ts'
import type { TreeNotes } from './tree-report.ts'
import { defaultAcl, keepsXattr } from './xattr-policy.ts'

const noFollow = linux.AT_SYMLINK_NOFOLLOW
/** Others keep what they own. */
const isRoot = process.geteuid?.() === 0

/** For the calls of the native part that take -1 for an owner that is to be left as it is. */
export function ownerOf({ uid, gid }: { uid: number; gid: number }): { uid: number; gid: number } {
  return isRoot ? { uid, gid } : { uid: -1, gid: -1 }
}

/** Owner, mode, attributes and time of a file that is open. */
export function describeFile(fd: number, entry: TarEntry, notes: TreeNotes): void {
  // The owner first: changing it takes set-id bits and capabilities away.
  if (isRoot) fchownSync(fd, entry.uid, entry.gid)
  fchmodSync(fd, entry.mode)
  setXattrs(fd, entry, notes)
  native().utimensat(fd, '', entry.mtimeNs, entry.mtimeNs, 0)
}

/** Owner and attributes of an open directory. It stays open to its owner for now: `finishDirectory` sets what would be in the way. */
export function describeDirectory(fd: number, entry: TarEntry, notes: TreeNotes): void {
  if (isRoot) fchownSync(fd, entry.uid, entry.gid)
  fchmodSync(fd, entry.mode | 0o700)
  setXattrs(fd, entry, notes)
}

/** Owner, mode and time of a link, a device or a fifo: of the thing itself, by name, and without opening it. */
export function describeNode({ directory, name }: Place, entry: TarEntry, notes: TreeNotes): void {
  if (isRoot) native().fchownat(directory, name, entry.uid, entry.gid, noFollow)
  if (entry.type !== 'symlink') native().fchmodat(directory, name, entry.mode)
  native().utimensat(directory, name, entry.mtimeNs, entry.mtimeNs, noFollow)
  for (const [xattr] of entry.xattrs) notes.dropXattr(xattr)
}

export function setXattr(fd: number, name: string, value: Buffer, notes: TreeNotes): void {
  try {
    native().setXattr(fd, Buffer.from(name, 'latin1'), value)
  } catch (error) {
    if (isErrno(error, 'ENOSPC', 'E2BIG', 'ERANGE')) {
      throw new RocketError('ENTRY_LIMIT', {
        what: `the attribute ${JSON.stringify(name.slice(0, 300))} cannot be stored`,
        why: `the file system has no room for its ${value.length} bytes`,
        cause: error,
      })
    }
    if (!isErrno(error, 'ENOTSUP', 'EPERM', 'EINVAL')) throw error
    notes.dropXattr(name)
  }
}

/** All but the list that new files would inherit. */
function setXattrs(fd: number, entry: TarEntry, notes: TreeNotes): void {
  for (const [name, value] of entry.xattrs) {
    if (!keepsXattr(entry.type, name, value)) notes.dropXattr(name)
    else if (name !== defaultAcl) setXattr(fd, name, value, notes)
  }
}
