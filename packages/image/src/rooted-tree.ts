import { closeSync, readdirSync } from 'node:fs'
import { isErrno, RocketError } from '@rocket/contracts'
import { linux, native, type NativeStat } from '@rocket/host'
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
  /** A directory was made although nobody asked for it. */
  implicitDirectory(path: LayerPath, place: Place): void
  /** Something that is no directory stands where one must be made. True: a directory was put in its place. */
  blocked(path: LayerPath, place: Place): boolean
  /** A directory that was there may be about to be written into. */
  directoryOpened?(path: LayerPath, directory: number): void
}

/** A directory as its parent's descriptor and its name in it: what every *at call takes. */
export interface Place {
  directory: number
  name: Buffer
}

/**
 * A tree that is written below one descriptor. Every path is resolved by the kernel inside the root, and the write then goes through
 * the descriptor that came out: there is no moment between check and use (CVE-2025-47290). Parent directories stay open, the most
 * recently used ones. The root descriptor belongs to the caller.
 */
export class RootedTree {
  readonly root: number
  readonly #events: RootedTreeEvents
  readonly #open = new Map<LayerPath, number>()

  constructor(root: number, events: RootedTreeEvents) {
    this.root = root
    this.#events = events
  }

  /** Where `path`, which is not the root, is to be made; missing parents are made. Throws ENTRY_PARENT_NOT_DIRECTORY. */
  place(path: LayerPath): Place {
    return { directory: this.#directory(parentPath(path)), name: Buffer.from(baseName(path), 'latin1') }
  }

  /** As `place`, but makes nothing: undefined when a parent is missing or no directory. */
  findPlace(path: LayerPath): Place | undefined {
    const parent = parentPath(path)
    const name = Buffer.from(baseName(path), 'latin1')
    const cached = this.#cached(parent)
    if (cached !== undefined) return { directory: cached, name }
    try {
      const fd = this.#openInRoot(parent)
      this.#events.directoryOpened?.(parent, fd)
      return { directory: this.#keep(parent, fd), name }
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EXDEV')) return undefined
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
    return native().openat2(place.directory, place.name, linux.O_RDONLY | linux.O_DIRECTORY | linux.O_NOFOLLOW | linux.O_CLOEXEC, 0, nameOnly)
  }

  /** A new regular file for writing. Throws EEXIST. */
  createFile(place: Place): number {
    return native().openat2(
      place.directory, place.name, linux.O_WRONLY | linux.O_CREAT | linux.O_EXCL | linux.O_NOFOLLOW | linux.O_CLOEXEC, 0o600, nameOnly,
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
    for (const fd of this.#open.values()) closeSync(fd)
    this.#open.clear()
  }

  #directory(path: LayerPath): number {
    const cached = this.#cached(path)
    if (cached !== undefined) return cached
    let fd: number
    try {
      fd = this.#openInRoot(path)
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR')) return this.#keep(path, this.#makeDirectory(path))
      if (isErrno(error, 'ELOOP', 'EXDEV')) throw notADirectory(path, error)
      throw error
    }
    this.#events.directoryOpened?.(path, fd)
    return this.#keep(path, fd)
  }

  #makeDirectory(path: LayerPath): number {
    const place = this.place(path)
    try {
      native().mkdirat(place.directory, place.name, 0o755)
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error
      // It is there, and yet it could not be opened: a file, or a link that leads nowhere.
      if (!this.#events.blocked(path, place)) throw notADirectory(path, error)
    }
    this.#events.implicitDirectory(path, place)
    return native().openat2(place.directory, place.name, openPath | linux.O_NOFOLLOW, 0, nameOnly)
  }

  #openInRoot(path: LayerPath): number {
    return native().openat2(this.root, path === '' ? '.' : Buffer.from(path, 'latin1'), openPath, 0, inRoot)
  }

  #cached(path: LayerPath): number | undefined {
    if (path === '') return this.root
    const fd = this.#open.get(path)
    if (fd === undefined) return undefined
    this.#open.delete(path)
    this.#open.set(path, fd)
    return fd
  }

  #keep(path: LayerPath, fd: number): number {
    if (this.#open.size >= cachedDirectories) {
      const [oldest, oldestFd] = this.#open.entries().next().value!
      closeSync(oldestFd)
      this.#open.delete(oldest)
    }
    this.#open.set(path, fd)
    return fd
  }
}

export function isDirectory(stat: NativeStat): boolean {
  return (stat.mode & linux.S_IFMT) === linux.S_IFDIR
}

function notADirectory(path: LayerPath, cause: unknown): RocketError {
  return new RocketError('ENTRY_PARENT_NOT_DIRECTORY', {
    what: `entries below ${showPath(path)} were refused`,
    why: 'it is not a directory, and not a link to one inside the image',
    cause,
  })
}
