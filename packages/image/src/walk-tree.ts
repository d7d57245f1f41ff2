import { closeSync, readdirSync } from 'node:fs'
import { isErrno, RocketError } from '@rocket/contracts'
import { isOpaque, isWhiteout, linux, native, type NativeStat, opaqueAttribute } from '@rocket/host'
import { type LayerPath, showPath } from './entry-path.ts'
import type { TarEntry, TarEntryType } from './tar-entry.ts'
import { readXattrs } from './tree-view.ts'
import { keepsXattr } from './xattr-policy.ts'

export interface WalkedEntry {
  path: LayerPath
  entry: TarEntry
  /** Two names with one inode are one file. */
  inode: string
  /** An open descriptor of a regular file's content; the walk closes it when the next entry is asked for. */
  content?: number | undefined
}

export interface WalkOptions {
  /** Times after this are set back to it. */
  latestNs?: bigint | undefined
  /** Marks of overlayfs are files and attributes like others: for looking at one layer of an overlay as it lies on disk. */
  raw?: boolean | undefined
  /** What is left out, in words. */
  onSkipped?: ((path: LayerPath, why: string) => void) | undefined
}

const noFollow = linux.AT_SYMLINK_NOFOLLOW
const openDirectory = linux.O_RDONLY | linux.O_DIRECTORY | linux.O_NOFOLLOW | linux.O_CLOEXEC
const openFile = linux.O_RDONLY | linux.O_NOFOLLOW | linux.O_NONBLOCK | linux.O_CLOEXEC
const nameOnly = linux.RESOLVE_BENEATH | linux.RESOLVE_NO_SYMLINKS

/**
 * Every file of a tree as an archive entry, the root first, a directory before its content, names in the order of their bytes: the same
 * tree always gives the same sequence. Several directories (bottom first) are walked as the tree that an overlay of them would show, without
 * mounting one. Of the names of one file the first is the file, the others are hard links to it. Links are not followed. Sockets and
 * overlayfs's marks are left out. Throws PACK_FAILED when the tree changes meanwhile in a way that shows.
 */
export function* walkTree(directories: string | readonly string[], options: WalkOptions = {}): Generator<WalkedEntry, void, undefined> {
  const roots: number[] = []
  try {
    for (const directory of [directories].flat().toReversed()) roots.push(openRoot(directory))
    yield* walkInto(roots.slice(0, visibleLevels(roots)), '', { ...options, firstNames: new Map(), isMerged: roots.length > 1 })
  } finally {
    for (const root of roots) closeSync(root)
  }
}

interface Walk extends WalkOptions {
  /** Of files with several names, by inode. */
  firstNames: Map<string, LayerPath>
  /** Whether marks of overlayfs mean something, or are just files that cannot be packed. */
  isMerged: boolean
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

/** One directory, open in every tree that has a part in it, topmost first: its looks are those of the topmost. */
function* walkInto(levels: readonly number[], path: LayerPath, walk: Walk): Generator<WalkedEntry, void, undefined> {
  const [top = -1] = levels
  yield described(path, native().fstatat(top, '', linux.AT_EMPTY_PATH), 'directory', attributesOf(top, walk), walk)
  const names = levels.map((fd) => readdirSync(`/proc/self/fd/${fd}`, { encoding: 'buffer' }))
  const holders = new Map<string, number[]>()
  names.forEach((list, index) => {
    for (const name of list) {
      const key = name.toString('latin1')
      const known = holders.get(key)
      if (known === undefined) holders.set(key, [levels[index]!])
      else known.push(levels[index]!)
    }
  })
  // Latin-1 has a character for each byte, so this is the order of the bytes.
  for (const key of [...holders.keys()].sort()) {
    yield* walkName(holders.get(key)!, Buffer.from(key, 'latin1'), path === '' ? key : `${path}/${key}`, walk)
  }
}

function* walkName(levels: readonly number[], name: Buffer, path: LayerPath, walk: Walk): Generator<WalkedEntry, void, undefined> {
  const [fd = -1] = levels
  const stat = native().fstatat(fd, name, noFollow)
  if (isWhiteout(stat) && walk.raw !== true) return walk.isMerged ? undefined : walk.onSkipped?.(path, 'it is a mark of overlayfs')
  const type = typeOf(stat)
  if (type === undefined) return walk.onSkipped?.(path, 'it is a socket')
  if (type === 'directory') return yield* walkDirectory(levels, name, path, walk)
  const first = stat.nlink < 2 ? undefined : walk.firstNames.get(inodeOf(stat))
  if (first !== undefined) {
    const link = described(path, stat, 'hardlink', [], walk)
    return yield { ...link, entry: { ...link.entry, linkname: Buffer.from(first, 'latin1') } }
  }
  if (stat.nlink > 1) walk.firstNames.set(inodeOf(stat), path)
  if (type === 'file') return yield* openContent(native().openat2(fd, name, openFile, 0, nameOnly), path, walk)
  const node = described(path, stat, type, [], walk)
  const linkname = type === 'symlink' ? native().readlinkat(fd, name) : Buffer.alloc(0)
  yield { ...node, entry: { ...node.entry, linkname } }
}

/** Down to the first tree in which the name is no directory, or one that hides what lies below. */
function* walkDirectory(levels: readonly number[], name: Buffer, path: LayerPath, walk: Walk): Generator<WalkedEntry, void, undefined> {
  const opened: number[] = []
  try {
    for (const level of levels) {
      if (opened.length > 0 && typeOf(native().fstatat(level, name, noFollow)) !== 'directory') break
      opened.push(native().openat2(level, name, openDirectory, 0, nameOnly))
      if (isOpaque(opened.at(-1)!)) break
    }
    yield* walkInto(opened, path, walk)
  } finally {
    for (const fd of opened) closeSync(fd)
  }
}

function attributesOf(fd: number, { raw }: Walk): [string, Buffer][] {
  const xattrs = readXattrs(fd)
  return raw === true && isOpaque(fd) ? [[opaqueAttribute, Buffer.from('y')], ...xattrs] : xattrs
}

/** How many of the roots count: an opaque one hides those below it. */
function visibleLevels(roots: readonly number[]): number {
  const opaque = roots.findIndex(isOpaque)
  return opaque === -1 ? roots.length : opaque + 1
}

function* openContent(fd: number, path: LayerPath, walk: Walk): Generator<WalkedEntry, void, undefined> {
  try {
    const stat = native().fstatat(fd, '', linux.AT_EMPTY_PATH)
    if (typeOf(stat) !== 'file')
      throw new RocketError('PACK_FAILED', { what: `${showPath(path)} cannot be packed`, why: 'it changed while it was read' })
    yield { ...described(path, stat, 'file', readXattrs(fd), walk), content: fd }
  } finally {
    closeSync(fd)
  }
}

function described(path: LayerPath, stat: NativeStat, type: TarEntryType, xattrs: [string, Buffer][], walk: Walk): WalkedEntry {
  const { latestNs } = walk
  const isDevice = type === 'char' || type === 'block'
  const entry: TarEntry = {
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
    xattrs: xattrs.filter(([name, value]) => walk.raw === true || keepsXattr(type, name, value)),
  }
  return { path, entry, inode: inodeOf(stat) }
}

function inodeOf(stat: NativeStat): string {
  return `${stat.dev}:${stat.ino}`
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
