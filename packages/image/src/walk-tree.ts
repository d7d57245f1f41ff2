import { closeSync, readdirSync } from 'node:fs'
import { isErrno, RocketError } from '@rocket/contracts'
import { linux, native, type NativeStat } from '@rocket/host'
import { type LayerPath, showPath } from './entry-path.ts'
import { isWhiteoutDevice } from './overlay-marks.ts'
import type { TarEntry, TarEntryType } from './tar-entry.ts'
import { readXattrs } from './tree-view.ts'
import { keepsXattr } from './xattr-policy.ts'

export interface WalkedEntry {
  path: LayerPath
  entry: TarEntry
  /** An open descriptor of a regular file's content; the walk closes it when the next entry is asked for. */
  content?: number | undefined
}

export interface WalkOptions {
  /** Times after this are set back to it. */
  latestNs?: bigint | undefined
  /** What is left out, in words. */
  onSkipped?: ((path: LayerPath, why: string) => void) | undefined
}

const noFollow = linux.AT_SYMLINK_NOFOLLOW
const openDirectory = linux.O_RDONLY | linux.O_DIRECTORY | linux.O_NOFOLLOW | linux.O_CLOEXEC
const openFile = linux.O_RDONLY | linux.O_NOFOLLOW | linux.O_NONBLOCK | linux.O_CLOEXEC
const nameOnly = linux.RESOLVE_BENEATH | linux.RESOLVE_NO_SYMLINKS

/**
 * Every file of a tree as an archive entry, the root first, a directory before its content, names in the order of their bytes: the same
 * tree always gives the same sequence. Of the names of one file the first is the file, the others are hard links to it. Links are not
 * followed. Sockets and overlayfs's marks are left out. Throws PACK_FAILED when the tree changes meanwhile in a way that shows.
 */
export function* walkTree(directory: string, options: WalkOptions = {}): Generator<WalkedEntry, void, undefined> {
  const root = openRoot(directory)
  const firstNames = new Map<string, LayerPath>()
  try {
    yield { path: '', entry: describe('', native().fstatat(root, '', linux.AT_EMPTY_PATH), 'directory', readXattrs(root), options) }
    yield* walkDirectory(root, '', firstNames, options)
  } finally {
    closeSync(root)
  }
}

function openRoot(directory: string): number {
  try {
    return native().openat2(linux.AT_FDCWD, directory, linux.O_RDONLY | linux.O_DIRECTORY | linux.O_CLOEXEC, 0, 0)
  } catch (cause) {
    if (!isErrno(cause, 'ENOENT', 'ENOTDIR', 'EACCES')) throw cause
    throw new RocketError('PACK_FAILED', {
      what: `the root file system ${directory} cannot be packed`,
      why: 'it is not a directory that can be read',
      cause,
    })
  }
}

function* walkDirectory(
  fd: number,
  path: LayerPath,
  firstNames: Map<string, LayerPath>,
  options: WalkOptions,
): Generator<WalkedEntry, void, undefined> {
  for (const name of readdirSync(`/proc/self/fd/${fd}`, { encoding: 'buffer' }).sort(Buffer.compare)) {
    const child = (path === '' ? '' : `${path}/`) + name.toString('latin1')
    const stat = native().fstatat(fd, name, noFollow)
    const type = typeOf(stat)
    if (type === undefined || isWhiteoutDevice(stat)) {
      options.onSkipped?.(child, type === undefined ? 'it is a socket' : 'it is a mark of overlayfs')
      continue
    }
    const inode = `${stat.dev}:${stat.ino}`
    const first = type === 'directory' || stat.nlink < 2 ? undefined : firstNames.get(inode)
    if (first !== undefined) {
      yield { path: child, entry: { ...describe(child, stat, 'hardlink', [], options), linkname: Buffer.from(first, 'latin1') } }
      continue
    }
    if (type !== 'directory' && stat.nlink > 1) firstNames.set(inode, child)
    if (type === 'directory') yield* walkInto(native().openat2(fd, name, openDirectory, 0, nameOnly), child, firstNames, options)
    else if (type === 'file') yield* openContent(native().openat2(fd, name, openFile, 0, nameOnly), child, options)
    else {
      const linkname = type === 'symlink' ? native().readlinkat(fd, name) : Buffer.alloc(0)
      yield { path: child, entry: { ...describe(child, stat, type, [], options), linkname } }
    }
  }
}

function* walkInto(
  fd: number,
  path: LayerPath,
  firstNames: Map<string, LayerPath>,
  options: WalkOptions,
): Generator<WalkedEntry, void, undefined> {
  try {
    yield { path, entry: describe(path, native().fstatat(fd, '', linux.AT_EMPTY_PATH), 'directory', readXattrs(fd), options) }
    yield* walkDirectory(fd, path, firstNames, options)
  } finally {
    closeSync(fd)
  }
}

function* openContent(fd: number, path: LayerPath, options: WalkOptions): Generator<WalkedEntry, void, undefined> {
  try {
    const stat = native().fstatat(fd, '', linux.AT_EMPTY_PATH)
    if (typeOf(stat) !== 'file')
      throw new RocketError('PACK_FAILED', { what: `${showPath(path)} cannot be packed`, why: 'it changed while it was read' })
    yield { path, entry: describe(path, stat, 'file', readXattrs(fd), options), content: fd }
  } finally {
    closeSync(fd)
  }
}

function describe(path: LayerPath, stat: NativeStat, type: TarEntryType, xattrs: [string, Buffer][], { latestNs }: WalkOptions): TarEntry {
  const isDevice = type === 'char' || type === 'block'
  return {
    type,
    name: Buffer.from(path, 'latin1'),
    linkname: Buffer.alloc(0),
    mode: stat.mode & 0o7777,
    uid: stat.uid,
    gid: stat.gid,
    size: type === 'file' ? stat.size : 0,
    mtimeNs: latestNs !== undefined && stat.mtimeNs > latestNs ? latestNs : stat.mtimeNs,
    deviceMajor: isDevice ? stat.major : 0,
    deviceMinor: isDevice ? stat.minor : 0,
    xattrs: xattrs.filter(([name, value]) => keepsXattr(type, name, value)),
  }
}

function typeOf(stat: NativeStat): TarEntryType | undefined {
  switch (stat.mode & linux.S_IFMT) {
    case linux.S_IFREG:
      return 'file'
    case linux.S_IFDIR:
      return 'directory'
    case linux.S_IFLNK:
      return 'symlink'
    case linux.S_IFCHR:
      return 'char'
    case linux.S_IFBLK:
      return 'block'
    case linux.S_IFIFO:
      return 'fifo'
    default:
      return undefined
  }
}
