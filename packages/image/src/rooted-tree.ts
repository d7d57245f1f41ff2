import { closeSync, readdirSync } from 'node:fs'
import { isErrno, RocketError } from '@rocket/contracts'
import { linux, native, type NativeStat } from '@rocket/host'
import { ownerOf } from './entry-attributes.ts'
import { baseName, type LayerPath, parentPath, showPath } from './entry-path.ts'
import { removeTreeAt } from './remove-tree.ts'

const openPath = linux.O_PATH | linux.O_DIRECTORY | linux.O_CLOEXEC
/** Symbolic links are resolved as if the tree were `/`; mounts and /proc's links are never crossed. */
const inRoot = linux.RESOLVE_IN_ROOT | linux.RESOLVE_NO_MAGICLINKS | linux.RESOLVE_NO_XDEV
/** For one name in a directory that is already open. */
const nameOnly = linux.RESOLVE_BENEATH | linux.RESOLVE_NO_SYMLINKS | linux.RESOLVE_NO_XDEV
/** Small: several layers are unpacked at a time, and 1024 descriptors is a usual limit. Archives go through a tree in order. */
const cachedDirectories = 64

export interface RootedTreeEvents {
  /** A directory was made although nobody asked for it; `isReborn`: in place of something that was in the way. */
  implicitDirectory(place: Place, isReborn: boolean): void
  /** Something that is no directory stands where one must be made. True: a directory was put in its place. */
  blocked(place: Place): boolean
  /** A directory that was there may be about to be written into. */
  directoryOpened(path: LayerPath, directory: number): void
}

/** A file as its parent's descriptor and its name in it: what every *at call takes. */
export interface Place {
  directory: number
  name: Buffer
  /** Where that is, no link above it: two names of one place have the same. */
  path: LayerPath
}

interface OpenDirectory {
  fd: number
  path: LayerPath
}

/**
 * A tree that is written below one descriptor. Every path is resolved by the kernel inside the root, and the write then goes through
 * the descriptor that came out: there is no moment between check and use (CVE-2025-47290). Parent directories stay open, the most
 * recently used ones. The root descriptor belongs to the caller.
 */
export class RootedTree {
  readonly root: number
  readonly #events: RootedTreeEvents
  /** By the path they were asked for. */
  readonly #open = new Map<LayerPath, OpenDirectory>()
  readonly #rootName: string

  constructor(root: number, events: RootedTreeEvents) {
    this.root = root
    this.#events = events
    this.#rootName = nameOf(root)
  }

  /** The root itself. */
  rootPlace(): Place {
    return { directory: this.root, name: Buffer.from('.'), path: '' }
  }

  /** Where `path`, which is not the root, is to be made; missing parents are made. Throws ENTRY_PARENT_NOT_DIRECTORY. */
  place(path: LayerPath): Place {
    return placeIn(this.#directory(parentPath(path)), path)
  }

  /** As `place`, but makes nothing: undefined when a parent is missing or no directory. */
  findPlace(path: LayerPath): Place | undefined {
    const parent = parentPath(path)
    try {
      const opened = this.#cached(parent) ?? this.#openInRoot(parent)
      return opened === undefined ? undefined : placeIn(opened, path)
    } catch (error) {
      if (isErrno(error, 'ENOTDIR', 'ELOOP', 'EXDEV')) return undefined
      throw error
    }
  }

  /** What is at a place, links not followed; undefined for nothing. */
  stat(place: Place): NativeStat | undefined {
    try {
      return native().fstatat(place.directory, place.name, linux.AT_SYMLINK_NOFOLLOW)
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined
      throw error
    }
  }

  /** A descriptor of the directory at a place itself, for reading and for its attributes; the caller closes it. */
  openDirectory(place: Place): number {
    return native().openat2(
      place.directory,
      place.name,
      linux.O_RDONLY | linux.O_DIRECTORY | linux.O_NOFOLLOW | linux.O_CLOEXEC,
      0,
      nameOnly,
    )
  }

  /** A new directory with owner and mode, open to its owner for now; false when something is there. */
  createDirectory({ directory, name }: Place, looks: { mode: number; uid: number; gid: number }): boolean {
    const { uid, gid } = ownerOf(looks)
    return native().createDirectory(directory, name, looks.mode | 0o700, uid, gid)
  }

  /** A new directory that nobody described; false when something is there. */
  createImplied(place: Place): boolean {
    return this.createDirectory(place, { mode: 0o755, uid: 0, gid: 0 })
  }

  /** A new regular file for writing. Throws EEXIST. */
  createFile(place: Place): number {
    return native().openat2(
      place.directory,
      place.name,
      linux.O_WRONLY | linux.O_CREAT | linux.O_EXCL | linux.O_NOFOLLOW | linux.O_CLOEXEC,
      0o600,
      nameOnly,
    )
  }

  /**
   * Removes what is there, with everything below it. When that was a directory or a link, every `Place` handed out before is void:
   * open descriptors below it, and paths that led through it, no longer mean what they meant.
   */
  remove(place: Place): void {
    const stat = this.stat(place)
    if (stat === undefined) return
    removeTreeAt(place.directory, place.name)
    if (isDirectory(stat) || (stat.mode & linux.S_IFMT) === linux.S_IFLNK) this.forget()
  }

  /** The names in a directory. */
  list(directory: number): Buffer[] {
    return readdirSync(`/proc/self/fd/${directory}`, { encoding: 'buffer' })
  }

  /** Closes every directory but the root. */
  forget(): void {
    for (const { fd } of this.#open.values()) closeSync(fd)
    this.#open.clear()
  }

  #directory(path: LayerPath): OpenDirectory {
    return this.#cached(path) ?? this.#openIfDirectory(path) ?? this.#makeDirectory(path)
  }

  /** Undefined when it is not there, or no directory. */
  #openIfDirectory(path: LayerPath): OpenDirectory | undefined {
    try {
      return this.#openInRoot(path)
    } catch (error) {
      if (isErrno(error, 'ENOTDIR')) return undefined
      if (isErrno(error, 'ELOOP', 'EXDEV')) throw notADirectory(path, error)
      throw error
    }
  }

  #makeDirectory(path: LayerPath): OpenDirectory {
    const place = this.place(path)
    const isNew = this.createImplied(place)
    // It is there, and yet it could not be opened: a file, or a link that leads nowhere.
    if (!isNew && !this.#events.blocked(place)) throw notADirectory(path)
    this.#events.implicitDirectory(place, !isNew)
    const fd = native().openat2(place.directory, place.name, openPath | linux.O_NOFOLLOW, 0, nameOnly)
    return this.#keep(path, { fd, path: place.path })
  }

  /** Undefined when it is not there. */
  #openInRoot(path: LayerPath): OpenDirectory | undefined {
    const fd = openPatiently(this.root, path === '' ? '.' : Buffer.from(path, 'latin1'))
    if (fd === undefined) return undefined
    const opened = this.#keep(path, { fd, path: this.#pathOf(fd) })
    this.#events.directoryOpened(opened.path, fd)
    return opened
  }

  /** The kernel knows what the links on the way came to. */
  #pathOf(fd: number): LayerPath {
    return nameOf(fd).slice(this.#rootName.length).replace(/^\/+/, '')
  }

  #cached(path: LayerPath): OpenDirectory | undefined {
    if (path === '') return { fd: this.root, path: '' }
    const opened = this.#open.get(path)
    if (opened === undefined) return undefined
    this.#open.delete(path)
    this.#open.set(path, opened)
    return opened
  }

  #keep(path: LayerPath, opened: OpenDirectory): OpenDirectory {
    if (this.#open.size >= cachedDirectories) {
      const [oldest, { fd }] = this.#open.entries().next().value!
      closeSync(fd)
      this.#open.delete(oldest)
    }
    this.#open.set(path, opened)
    return opened
  }
}

/**
 * A scoped walk over a `..` in a link gives up with EAGAIN when anything on the machine is renamed or mounted meanwhile. On a busy one that
 * happens many times in a row: we wait a little, and give up after seconds. Undefined when there is nothing.
 */
function openPatiently(root: number, path: Buffer | string): number | undefined {
  for (let attempt = 0; ; attempt++) {
    try {
      const fd = native().openIfThere(root, path, openPath, 0, inRoot)
      return fd === -1 ? undefined : fd
    } catch (error) {
      if (!isErrno(error, 'EAGAIN') || attempt >= mostAttempts) throw error
      Atomics.wait(pause, 0, 0, 1)
    }
  }
}

const mostAttempts = 5000
const pause = new Int32Array(new SharedArrayBuffer(4))

function placeIn(parent: OpenDirectory, path: LayerPath): Place {
  const name = baseName(path)
  return { directory: parent.fd, name: Buffer.from(name, 'latin1'), path: parent.path === '' ? name : `${parent.path}/${name}` }
}

function nameOf(fd: number): string {
  return native().readlinkat(linux.AT_FDCWD, `/proc/self/fd/${fd}`).toString('latin1')
}

export function isDirectory(stat: NativeStat): boolean {
  return (stat.mode & linux.S_IFMT) === linux.S_IFDIR
}

function notADirectory(path: LayerPath, cause?: unknown): RocketError {
  return new RocketError('ENTRY_PARENT_NOT_DIRECTORY', {
    what: `entries below ${showPath(path)} were refused`,
    why: 'it is not a directory, and not a link to one inside the image',
    cause,
  })
}
