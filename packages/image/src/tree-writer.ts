import { closeSync, fchmodSync, fchownSync, writeSync } from 'node:fs'
import { isErrno, isRocketError, RocketError } from '@rocket/contracts'
import { linux, native } from '@rocket/host'
import { corrupt } from './corrupt.ts'
import { ancestorsOf, cleanEntryName, type LayerPath, parentPath, showPath } from './entry-path.ts'
import { isDirectory, type Place, RootedTree } from './rooted-tree.ts'
import type { TarEntry } from './tar-entry.ts'
import { isWhiteoutDevice, opaqueAttribute } from './overlay-marks.ts'
import { unpackError } from './unpack-error.ts'
import { parseWhiteout, type Whiteout } from './whiteouts.ts'
import { checkXattrSize, defaultAcl, keepsXattr } from './xattr-policy.ts'

/**
 * What `.wh.` names mean. `overlay`: the tree is one layer of an overlay, and deletions become overlayfs's own marks. `apply`: the tree
 * holds the layers below, and deletions are carried out. `none`: nothing, as in an ACI.
 */
export type WhiteoutMode = 'overlay' | 'apply' | 'none'

export interface TreeWriterOptions {
  whiteouts: WhiteoutMode
  /** Layers lie below: what this one refers to and lacks is reported, not refused. Only with `overlay`. */
  hasLower: boolean
  /** Whether device nodes and fifos are made; if not, they are skipped and reported. */
  allowDevices: boolean
  /** Entries and directories made for them, together. */
  maxEntries: number
  maxUnpackedBytes: number
  /** What the target of a hard link means; by default as an entry's name does. */
  linkTarget?: ((linkname: Buffer) => LayerPath) | undefined
}

export interface TreeReport {
  entries: number
  /** Content of regular files. */
  unpackedBytes: number
  /** Directories that were made without an entry, the root among them if it has none. Sorted; a parent comes before its children. */
  implicitParents: LayerPath[]
  /** Directories whose entry came after entries in them, which were written as into one without an entry. Absent when there are none. */
  describedLate?: LayerPath[]
  /** Hard links to files that this layer does not hold. They were not made. */
  outwardLinks: { path: LayerPath; target: LayerPath }[]
  /**
   * Entries below a link that leads nowhere within this layer, which were not made; directories that were only implied, and then replaced
   * or deleted.
   */
  throughLinks: LayerPath[]
  /** Directories in which something of the layers below is deleted. */
  whiteoutParents: LayerPath[]
  /** Entries that were left out on purpose, at most 1000 of them. */
  skipped: { path: LayerPath; why: string }[]
  /** Extended attributes left out, by name. */
  droppedXattrs: Record<string, number>
}

/** What a directory gets last: its time, a mode that keeps its owner out, the list that its children would inherit. */
interface DirectoryEnd {
  mode: number
  mtimeNs: bigint
  defaultAcl?: Buffer | undefined
}

const mostSkippedReported = 1000
const noFollow = linux.AT_SYMLINK_NOFOLLOW

/**
 * Writes archive entries below one directory descriptor. Each entry is made new, never opened: what stood there is removed first (a
 * directory only makes way for something else), so that nothing is written through a link or a hard link. Owners, modes with set-id bits,
 * times and attributes are set on the object itself. Directory times are set by `finish`.
 */
export class TreeWriter {
  readonly #tree: RootedTree
  readonly #options: TreeWriterOptions
  readonly #isRoot = process.geteuid?.() === 0
  readonly #implicit = new Set<LayerPath>()
  readonly #late = new Set<LayerPath>()
  readonly #directories = new Map<LayerPath, DirectoryEnd>()
  /** By inode: directories of the layers below that we write into, with the time they had. Only with `apply`. */
  readonly #disturbed = new Map<bigint, { path: LayerPath; mtimeNs: bigint }>()
  /** Paths this layer wrote, and all above them: a deletion is only meant for the layers below. Only with `apply`. */
  readonly #written = new Set<LayerPath>()
  readonly #whiteoutParents = new Set<LayerPath>()
  readonly #opaque = new Set<LayerPath>()
  /** Deleted and made again by this layer: what such a directory was below is of no interest. */
  readonly #reborn = new Set<LayerPath>()
  readonly #report: TreeReport = {
    entries: 0,
    unpackedBytes: 0,
    implicitParents: [],
    outwardLinks: [],
    throughLinks: [],
    whiteoutParents: [],
    skipped: [],
    droppedXattrs: {},
  }
  #openFile: number | undefined

  constructor(root: number, options: TreeWriterOptions) {
    this.#options = options
    this.#implicit.add('')
    // The directory was made private, for the time being.
    if (options.whiteouts !== 'apply') this.#directories.set('', { mode: 0o755, mtimeNs: 0n })
    this.#tree = new RootedTree(root, {
      implicitDirectory: (place) => this.#madeImplicitly(place),
      blocked: (place) => this.#unblock(place),
      ...(options.whiteouts === 'apply' ? { directoryOpened: (path: LayerPath, fd: number) => this.#disturb(path, fd) } : {}),
    })
    if (options.whiteouts === 'apply') this.#disturb('', root)
  }

  /** Starts one entry; returns what takes its content. `end` must follow before the next. */
  begin(path: LayerPath, entry: TarEntry): ((chunk: Buffer) => void) | undefined {
    try {
      return this.#begin(path, entry)
    } catch (error) {
      if (this.#options.hasLower && isRocketError(error, 'ENTRY_PARENT_NOT_DIRECTORY') && path !== '') {
        this.#report.throughLinks.push(path)
        return undefined
      }
      throw unpackError(path, error)
    }
  }

  end(path: LayerPath, entry: TarEntry): void {
    const fd = this.#openFile
    if (fd === undefined) return
    this.#openFile = undefined
    try {
      this.#finishFile(fd, entry)
    } catch (error) {
      throw unpackError(path, error)
    } finally {
      closeSync(fd)
    }
  }

  /** Directory times, and what there is to know about the tree. */
  finish(): TreeReport {
    for (const { path, mtimeNs } of this.#disturbed.values()) {
      const directory = path === '' ? this.#tree.root : this.#tree.findPlace(`${path}/.`)?.directory
      if (directory !== undefined) native().utimensat(directory, '.', mtimeNs, mtimeNs, 0)
    }
    for (const path of this.#opaque) this.#dropNeedlessWhiteouts(path)
    for (const [path, end] of this.#directories) {
      const place = path === '' ? this.#rootPlace() : this.#tree.findPlace(path)
      if (place !== undefined) this.#finishDirectory(place, end, path === '' && this.#implicit.has(''))
    }
    this.#tree.forget()
    this.#report.implicitParents = [...this.#implicit].sort()
    if (this.#late.size > 0) this.#report.describedLate = [...this.#late].sort()
    this.#report.whiteoutParents = [...this.#whiteoutParents].sort()
    return this.#report
  }

  /** Gives back all descriptors, after a failure. */
  abandon(): void {
    if (this.#openFile !== undefined) closeSync(this.#openFile)
    this.#openFile = undefined
    this.#tree.forget()
  }

  #begin(path: LayerPath, entry: TarEntry): ((chunk: Buffer) => void) | undefined {
    this.#countEntry()
    checkXattrSize(entry)
    const whiteout = this.#options.whiteouts === 'none' ? undefined : parseWhiteout(path, entry.type)
    if (whiteout !== undefined) return this.#whiteOut(path, whiteout)
    if (path === '') return this.#root(entry)
    if (this.#options.whiteouts === 'apply') this.#markWritten(this.#tree.place(path).path)
    switch (entry.type) {
      case 'file':
        return this.#file(path, entry)
      case 'directory':
        return this.#directory(path, entry)
      case 'symlink':
        return this.#symlink(path, entry)
      case 'hardlink':
        return this.#hardlink(path, entry)
      default:
        return this.#special(path, entry)
    }
  }

  #file(path: LayerPath, entry: TarEntry): (chunk: Buffer) => void {
    if (this.#report.unpackedBytes + entry.size > this.#options.maxUnpackedBytes) {
      throw new RocketError('LAYER_TOO_LARGE', {
        what: 'the archive was not unpacked',
        why: `its files hold more than ${this.#options.maxUnpackedBytes} bytes`,
        hint: 'if it is meant to be that large, raise the limit',
      })
    }
    this.#report.unpackedBytes += entry.size
    let fd = -1
    this.#makeNew(path, (place) => {
      fd = this.#tree.createFile(place)
    })
    this.#openFile = fd
    return (chunk) => {
      try {
        for (let written = 0; written < chunk.length;) written += writeSync(fd, chunk, written)
      } catch (error) {
        throw unpackError(path, error)
      }
    }
  }

  #finishFile(fd: number, entry: TarEntry): void {
    // The owner first: changing it takes set-id bits and capabilities away.
    if (this.#isRoot) fchownSync(fd, entry.uid, entry.gid)
    fchmodSync(fd, entry.mode)
    this.#setXattrs(fd, entry)
    native().utimensat(fd, '', entry.mtimeNs, entry.mtimeNs, 0)
  }

  #directory(path: LayerPath, entry: TarEntry): undefined {
    let place = this.#tree.place(path)
    let hidesLower = false
    try {
      native().mkdirat(place.directory, place.name, 0o700)
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error
      const stat = this.#tree.stat(place)
      if (stat === undefined || !isDirectory(stat)) {
        // What the layer had there, a deletion or a file, hid the directory below; the new one must go on hiding it.
        hidesLower = this.#options.whiteouts === 'overlay'
        this.#remove(place)
        place = this.#tree.place(path)
        native().mkdirat(place.directory, place.name, 0o700)
      }
    }
    const fd = this.#tree.openDirectory(place)
    try {
      this.#describeDirectory(place.path, fd, entry)
      if (hidesLower) this.#makeOpaque(place.path, fd)
    } finally {
      closeSync(fd)
    }
  }

  #root(entry: TarEntry): undefined {
    if (entry.type !== 'directory') {
      throw new RocketError('ENTRY_PARENT_NOT_DIRECTORY', {
        what: 'the archive was refused',
        why: `it would replace the root by a ${entry.type}`,
      })
    }
    const fd = native().openat2(this.#tree.root, '.', linux.O_RDONLY | linux.O_DIRECTORY | linux.O_CLOEXEC, 0, linux.RESOLVE_BENEATH)
    try {
      this.#describeDirectory('', fd, entry)
    } finally {
      closeSync(fd)
    }
  }

  #describeDirectory(path: LayerPath, fd: number, entry: TarEntry): void {
    if (this.#isRoot) fchownSync(fd, entry.uid, entry.gid)
    fchmodSync(fd, entry.mode | 0o700)
    this.#setXattrs(fd, entry)
    this.#directories.set(path, {
      mode: entry.mode,
      mtimeNs: entry.mtimeNs,
      defaultAcl: entry.xattrs.find(([name]) => name === defaultAcl)?.[1],
    })
    if (this.#implicit.delete(path) && path !== '') this.#late.add(path)
  }

  #finishDirectory(place: Place, { mode, mtimeNs, defaultAcl: list }: DirectoryEnd, isUnseenRoot: boolean): void {
    if ((mode & 0o700) !== 0o700 || isUnseenRoot) native().fchmodat(place.directory, place.name, mode)
    if (list !== undefined) {
      const fd = this.#tree.openDirectory(place)
      try {
        this.#setXattr(fd, defaultAcl, list)
      } finally {
        closeSync(fd)
      }
    }
    native().utimensat(place.directory, place.name, mtimeNs, mtimeNs, noFollow)
  }

  #symlink(path: LayerPath, entry: TarEntry): undefined {
    if (entry.linkname.length === 0) throw corrupt('the tar archive cannot be read', `the link ${showPath(path)} has no target`)
    this.#setOwnerAndTime(
      this.#makeNew(path, (place) => native().symlinkat(entry.linkname, place.directory, place.name)),
      entry,
    )
  }

  #hardlink(path: LayerPath, entry: TarEntry): undefined {
    const target = (this.#options.linkTarget ?? cleanEntryName)(entry.linkname)
    // Its own place first: making parents may close the least recently used directory.
    this.#tree.place(path)
    if (this.#findLinkTarget(target) === undefined) {
      if (!this.#options.hasLower) throw missingTarget(path, target)
      this.#report.outwardLinks.push({ path, target })
      return
    }
    if (target === path) return
    this.#makeNew(path, (place) => {
      const from = this.#findLinkTarget(target)
      if (from === undefined) throw missingTarget(path, target)
      native().linkat(from.directory, from.name, place.directory, place.name, 0)
    })
  }

  #findLinkTarget(target: LayerPath): Place | undefined {
    const place = target === '' ? undefined : this.#tree.findPlace(target)
    const stat = place === undefined ? undefined : this.#tree.stat(place)
    if (place === undefined || stat === undefined || isWhiteoutDevice(stat)) return undefined
    // A directory that is only implied here may be a link in the layers below, and links have hard links.
    if (isDirectory(stat) && this.#options.hasLower && this.#implicit.has(place.path)) return undefined
    if (isDirectory(stat)) throw corrupt('the tar archive cannot be read', `a hard link leads to the directory ${showPath(target)}`)
    return place
  }

  #special(path: LayerPath, entry: TarEntry): undefined {
    const skip = !this.#options.allowDevices
      ? `devices and fifos are not allowed: ${entry.type} ${entry.deviceMajor}:${entry.deviceMinor}`
      : // To overlayfs this device means that a file is deleted: an image must not say so to it.
        entry.type === 'char' && entry.deviceMajor === 0 && entry.deviceMinor === 0
        ? "the device 0:0 is overlayfs's own mark"
        : undefined
    if (skip !== undefined) return this.#skip(path, skip)
    const type = { char: linux.S_IFCHR, block: linux.S_IFBLK, fifo: linux.S_IFIFO }[entry.type as 'char' | 'block' | 'fifo']
    this.#setOwnerAndTime(
      this.#makeNew(path, (place) => {
        native().mknodat(place.directory, place.name, type | 0o600, entry.deviceMajor, entry.deviceMinor)
      }),
      entry,
    )
  }

  #setOwnerAndTime(place: Place, entry: TarEntry): void {
    if (this.#isRoot) native().fchownat(place.directory, place.name, entry.uid, entry.gid, noFollow)
    if (entry.type !== 'symlink') native().fchmodat(place.directory, place.name, entry.mode)
    native().utimensat(place.directory, place.name, entry.mtimeNs, entry.mtimeNs, noFollow)
    for (const [name] of entry.xattrs) this.#dropXattr(name)
  }

  #setXattrs(fd: number, entry: TarEntry): void {
    for (const [name, value] of entry.xattrs) {
      if (!keepsXattr(entry.type, name, value)) this.#dropXattr(name)
      else if (name !== defaultAcl) this.#setXattr(fd, name, value)
    }
  }

  #setXattr(fd: number, name: string, value: Buffer): void {
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
      this.#dropXattr(name)
    }
  }

  #dropXattr(name: string): void {
    this.#report.droppedXattrs[name] = (this.#report.droppedXattrs[name] ?? 0) + 1
  }

  /**
   * `make` fails when something is there: that is removed, and it is made again. Returns where it is: a place given before is void then.
   */
  #makeNew(path: LayerPath, make: (place: Place) => void): Place {
    let place = this.#tree.place(path)
    try {
      make(place)
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error
      this.#remove(place)
      place = this.#tree.place(path)
      make(place)
    }
    return place
  }

  #remove(place: Place): void {
    this.#tree.remove(place)
    const { path } = place
    // On the layers below, what was written into it could have gone elsewhere, through a link.
    if (this.#options.hasLower && (this.#implicit.has(path) || this.#late.has(path))) this.#report.throughLinks.push(path)
    const below = `${path}/`
    for (const known of [this.#implicit, this.#directories, this.#opaque, this.#whiteoutParents]) {
      known.delete(path)
      for (const key of known.keys()) if (key.startsWith(below)) known.delete(key)
    }
  }

  #whiteOut(path: LayerPath, whiteout: Whiteout): undefined {
    if (whiteout.kind === 'reserved') return this.#skip(path, "AUFS's own bookkeeping")
    if (this.#options.whiteouts === 'apply') return this.#deleteLower(whiteout)
    if (whiteout.kind === 'opaque') return this.#markOpaque(whiteout.path)
    if (!this.#options.hasLower) return this.#skip(path, 'there is no layer below from which it could delete')
    const rebornBefore = this.#reborn.size
    const place = this.#tree.place(whiteout.path)
    const stat = this.#tree.stat(place)
    // A deletion inside of what the layer deletes altogether: a directory was made for it that should not be there.
    if (this.#reborn.size > rebornBefore) this.#report.throughLinks.push(whiteout.path)
    if (stat === undefined) {
      native().mknodat(place.directory, place.name, linux.S_IFCHR, 0, 0)
      this.#whiteoutParents.add(parentPath(place.path))
    } else if (isDirectory(stat)) {
      // The layer brings a directory of its own: it hides what lies below, which is what a deletion beside it means.
      this.#markOpaque(whiteout.path)
      // Only implied, it may be there for nothing but other deletions, and then should not be there at all.
      if (this.#implicit.has(place.path)) this.#report.throughLinks.push(whiteout.path)
    }
  }

  #markOpaque(path: LayerPath): undefined {
    if (path === '') {
      this.#makeOpaque('', this.#tree.root)
      return
    }
    // As the parent of a name, so that it is made when it is not there; and by itself, so that a link is not followed.
    this.#tree.place(`${path}/.`)
    const place = this.#tree.place(path)
    let fd: number
    try {
      fd = this.#tree.openDirectory(place)
    } catch (error) {
      if (!isErrno(error, 'ENOTDIR', 'ELOOP')) throw error
      throw notOpaque(path)
    }
    try {
      this.#makeOpaque(place.path, fd)
    } finally {
      closeSync(fd)
    }
  }

  #makeOpaque(path: LayerPath, fd: number): void {
    native().setXattr(fd, opaqueAttribute, Buffer.from('y'))
    this.#opaque.add(path)
  }

  /** In a directory that hides everything below it, the marks of single deletions would show up as names. */
  #dropNeedlessWhiteouts(path: LayerPath): void {
    if (!this.#whiteoutParents.delete(path)) return
    const fd = this.#tree.place(path === '' ? '.' : `${path}/.`).directory
    for (const name of this.#tree.list(fd)) {
      const stat = this.#tree.stat({ directory: fd, name, path: '' })
      if (stat !== undefined && isWhiteoutDevice(stat)) native().unlinkat(fd, name, 0)
    }
  }

  #deleteLower(whiteout: Exclude<Whiteout, { kind: 'reserved' }>): undefined {
    if (whiteout.path === '') return this.#clearBelow(this.#rootPlace())
    const place = this.#tree.findPlace(whiteout.path)
    const stat = place === undefined ? undefined : this.#tree.stat(place)
    if (whiteout.kind === 'opaque') {
      if (stat !== undefined && !isDirectory(stat)) throw notOpaque(whiteout.path)
      // An opaque directory is there, if empty.
      this.#tree.place(`${whiteout.path}/.`)
      const own = this.#tree.place(whiteout.path)
      this.#markWritten(own.path)
      this.#clearBelow(own)
    } else if (place !== undefined && stat !== undefined) {
      if (!this.#written.has(place.path)) this.#remove(place)
      else if (isDirectory(stat)) this.#clearBelow(place)
    }
  }

  /** Removes everything in a directory that this layer did not write itself. */
  #clearBelow(place: Place): undefined {
    // A descriptor of its own: removing a directory closes those that the tree keeps.
    const fd = this.#tree.openDirectory(place)
    try {
      this.#disturb(place.path, fd)
      for (const name of this.#tree.list(fd)) {
        const inside = { directory: fd, name, path: (place.path === '' ? '' : `${place.path}/`) + name.toString('latin1') }
        const stat = this.#tree.stat(inside)
        if (!this.#written.has(inside.path)) this.#remove(inside)
        else if (stat !== undefined && isDirectory(stat)) this.#clearBelow(inside)
      }
    } finally {
      closeSync(fd)
    }
  }

  #rootPlace(): Place {
    return { directory: this.#tree.root, name: Buffer.from('.'), path: '' }
  }

  #madeImplicitly({ directory, name, path }: Place): void {
    this.#countEntry()
    native().fchmodat(directory, name, 0o755)
    if (this.#isRoot) native().fchownat(directory, name, 0, 0, noFollow)
    if (!this.#reborn.has(path)) this.#implicit.add(path)
    this.#directories.set(path, { mode: 0o755, mtimeNs: 0n })
  }

  /** A deletion of this layer stands where one of its entries needs a directory: the directory comes, and hides what was deleted. */
  #unblock(place: Place): boolean {
    const stat = this.#tree.stat(place)
    if (stat === undefined || !isWhiteoutDevice(stat)) return false
    native().unlinkat(place.directory, place.name, 0)
    native().mkdirat(place.directory, place.name, 0o755)
    this.#reborn.add(place.path)
    const fd = this.#tree.openDirectory(place)
    try {
      this.#makeOpaque(place.path, fd)
    } finally {
      closeSync(fd)
    }
    return true
  }

  #disturb(path: LayerPath, directory: number): void {
    const stat = native().fstatat(directory, '', linux.AT_EMPTY_PATH)
    if (!this.#disturbed.has(stat.ino)) this.#disturbed.set(stat.ino, { path, mtimeNs: stat.mtimeNs })
  }

  #markWritten(path: LayerPath): void {
    this.#written.add(path)
    for (const ancestor of ancestorsOf(path)) this.#written.add(ancestor)
  }

  #skip(path: LayerPath, why: string): undefined {
    if (this.#report.skipped.length < mostSkippedReported) this.#report.skipped.push({ path, why })
  }

  #countEntry(): void {
    this.#report.entries++
    if (this.#report.entries <= this.#options.maxEntries) return
    throw new RocketError('LAYER_TOO_LARGE', {
      what: 'the archive was not unpacked',
      why: `it makes more than ${this.#options.maxEntries} files and directories`,
      hint: 'if it is meant to be that large, raise the limit',
    })
  }
}

function missingTarget(path: LayerPath, target: LayerPath): RocketError {
  return new RocketError('HARDLINK_TARGET_MISSING', {
    what: `the hard link ${showPath(path)} was refused`,
    why: `there is no ${showPath(target)} in the image`,
  })
}

function notOpaque(path: LayerPath): RocketError {
  return new RocketError('WHITEOUT_INVALID', { what: `the opaque mark of ${showPath(path)} was refused`, why: 'it is not a directory' })
}
