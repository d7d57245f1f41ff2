import { closeSync } from 'node:fs'
import { isErrno } from '@rocket/contracts'
import { isOpaque, isWhiteout, linux, type Name, native } from '@rocket/host'
import type { LayerPath } from './entry-path.ts'
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

const openDirectory = linux.O_RDONLY | linux.O_DIRECTORY | linux.O_NOFOLLOW | linux.O_CLOEXEC
const openAnything = linux.O_PATH | linux.O_NOFOLLOW | linux.O_CLOEXEC
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
  const name = path === '' ? '.' : Buffer.from(path, 'latin1')
  let fd: number
  try {
    fd = native().openIfThere(root, name, openDirectory, 0, inside)
  } catch (error) {
    // It, or something above it, is no directory of this tree: a link is not followed.
    if (isErrno(error, 'ENOTDIR', 'ELOOP')) return lookAtOther(root, name)
    throw error
  }
  return fd === -1 ? absent : lookAtDirectory(fd)
}

function lookAtOther(root: number, name: Name): Seen {
  let fd: number
  try {
    fd = native().openIfThere(root, name, openAnything, 0, inside)
  } catch (error) {
    // Below a file or a link of this tree there is nothing in this tree.
    if (isErrno(error, 'ENOTDIR', 'ELOOP')) return absent
    throw error
  }
  if (fd === -1) return absent
  try {
    return { kind: isWhiteout(native().fstatat(fd, '', linux.AT_EMPTY_PATH)) ? 'whiteout' : 'other' }
  } finally {
    closeSync(fd)
  }
}

function lookAtDirectory(fd: number): Seen {
  try {
    const { mode, uid, gid, mtimeNs } = native().fstatat(fd, '', linux.AT_EMPTY_PATH)
    const names = native().listXattrs(fd)
    const opaque = names.length > 0 && isOpaque(fd)
    return { kind: 'directory', opaque, metadata: { mode: mode & 0o7777, uid, gid, mtimeNs, xattrs: valuesOf(fd, names) } }
  } finally {
    closeSync(fd)
  }
}

/** The attributes of an open file or directory that are not overlayfs's own. */
export function readXattrs(fd: number): [name: string, value: Buffer][] {
  return valuesOf(fd, native().listXattrs(fd))
}

function valuesOf(fd: number, names: readonly Buffer[]): [name: string, value: Buffer][] {
  const xattrs: [string, Buffer][] = []
  for (const name of names) {
    const text = name.toString('latin1')
    const value = text.startsWith('trusted.') || text.startsWith('user.overlay.') ? undefined : native().getXattr(fd, name)
    if (value !== undefined) xattrs.push([text, value])
  }
  return xattrs.sort(([a], [b]) => (a < b ? -1 : 1))
}
