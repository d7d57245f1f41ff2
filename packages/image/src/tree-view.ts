import { closeSync } from 'node:fs'
import { isErrno } from '@rocket/contracts'
import { linux, native } from '@rocket/host'
import type { LayerPath } from './entry-path.ts'
import { opaqueAttribute, isWhiteoutDevice } from './overlay-marks.ts'
import type { TreeReport } from './tree-report.ts'

/** What unpacking told about a tree and composing asks. */
export type CompositionFacts = Pick<TreeReport, 'implicitParents' | 'describedLate' | 'outwardLinks' | 'throughLinks' | 'whiteoutParents'>

export interface DirectoryMetadata {
  mode: number
  uid: number
  gid: number
  mtimeNs: bigint
  xattrs: [name: string, value: Buffer][]
}

/** What one tree of an overlay has at a path, its own links not followed. */
export type Seen =
  | { kind: 'absent' }
  | { kind: 'whiteout' }
  /** A file, a link, a device: whatever is no directory. */
  | { kind: 'other' }
  | { kind: 'directory'; opaque: boolean; metadata: DirectoryMetadata }

export interface TreeView {
  facts: CompositionFacts
  look(path: LayerPath): Seen
}

const openFlags = linux.O_PATH | linux.O_NOFOLLOW | linux.O_CLOEXEC
const inside = linux.RESOLVE_BENEATH | linux.RESOLVE_NO_SYMLINKS | linux.RESOLVE_NO_XDEV
const absent: Seen = { kind: 'absent' }

/** The view of a tree on disk. Each path is looked at once; `close` gives the descriptor back. */
export function openTreeView(directory: string, facts: CompositionFacts): TreeView & { close(): void } {
  const root = native().openat2(linux.AT_FDCWD, directory, linux.O_PATH | linux.O_DIRECTORY | linux.O_CLOEXEC, 0, 0)
  const seen = new Map<LayerPath, Seen>()
  return {
    facts,
    look: (path) => {
      let known = seen.get(path)
      if (known === undefined) seen.set(path, (known = lookAt(root, path)))
      return known
    },
    close: () => closeSync(root),
  }
}

function lookAt(root: number, path: LayerPath): Seen {
  let fd: number
  try {
    fd = native().openat2(root, path === '' ? '.' : Buffer.from(path, 'latin1'), openFlags, 0, inside)
  } catch (error) {
    // Below a file or a link of this tree there is nothing in this tree.
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return absent
    throw error
  }
  try {
    const stat = native().fstatat(fd, '', linux.AT_EMPTY_PATH)
    if (isWhiteoutDevice(stat)) return { kind: 'whiteout' }
    if ((stat.mode & linux.S_IFMT) !== linux.S_IFDIR) return { kind: 'other' }
    return lookAtDirectory(native().openat2(fd, '.', linux.O_RDONLY | linux.O_DIRECTORY | linux.O_CLOEXEC, 0, inside))
  } finally {
    closeSync(fd)
  }
}

function lookAtDirectory(fd: number): Seen {
  try {
    const { mode, uid, gid, mtimeNs } = native().fstatat(fd, '', linux.AT_EMPTY_PATH)
    const opaque = native().getXattr(fd, opaqueAttribute)?.toString() === 'y'
    return { kind: 'directory', opaque, metadata: { mode: mode & 0o7777, uid, gid, mtimeNs, xattrs: readXattrs(fd) } }
  } finally {
    closeSync(fd)
  }
}

/** The attributes of an open file or directory that are not overlayfs's own. */
export function readXattrs(fd: number): [name: string, value: Buffer][] {
  const xattrs: [string, Buffer][] = []
  for (const name of native().listXattrs(fd)) {
    const text = name.toString('latin1')
    const value = text.startsWith('trusted.') || text.startsWith('user.overlay.') ? undefined : native().getXattr(fd, name)
    if (value !== undefined) xattrs.push([text, value])
  }
  return xattrs.sort(([a], [b]) => (a < b ? -1 : 1))
}
