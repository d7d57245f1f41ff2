import { closeSync } from 'node:fs'
import { isErrno, isRocketError, RocketError } from '@rocket/contracts'
import { isWhiteout, linux, native } from '@rocket/host'
import { AppliedDeletions } from './applied-deletions.ts'
import { corrupt } from './corrupt.ts'
import { type Deletions, noDeletions } from './deletions.ts'
import { DirectoryRegister } from './directory-register.ts'
import { describeDirectory, describeNode } from './entry-attributes.ts'
import { cleanEntryName, type LayerPath, showPath } from './entry-path.ts'
import { OverlayDeletions } from './overlay-deletions.ts'
import { isDirectory, type Place, RootedTree } from './rooted-tree.ts'
import type { TarEntry } from './tar-entry.ts'
import { type TreeLimits, TreeNotes, type TreeReport } from './tree-report.ts'
import { unpackError } from './unpack-error.ts'
import { parseWhiteout } from './whiteouts.ts'
import { WrittenFile } from './written-file.ts'
import { checkXattrSize } from './xattr-policy.ts'

/**
 * What `.wh.` names mean. `overlay`: the tree is one layer of an overlay, and deletions become overlayfs's own marks. `apply`: the tree
 * holds the layers below, and deletions are carried out. `none`: nothing, as in an ACI.
 */
export type WhiteoutMode = 'overlay' | 'apply' | 'none'

export interface TreeWriterOptions extends TreeLimits {
  whiteouts: WhiteoutMode
  /** Layers lie below: what this one refers to and lacks is reported, not refused. Only with `overlay`. */
  hasLower: boolean
  /** Whether device nodes and fifos are made; if not, they are skipped and reported. */
  allowDevices: boolean
  /** What the target of a hard link means; by default as an entry's name does. */
  linkTarget?: ((linkname: Buffer) => LayerPath) | undefined
}

const specialTypes = { char: linux.S_IFCHR, block: linux.S_IFBLK, fifo: linux.S_IFIFO }

/**
 * Writes archive entries below one directory descriptor. Each entry is made new, never opened: what stood there is removed first (a
 * directory only makes way for something else), so that nothing is written through a link or a hard link. Owners, modes with set-id bits,
 * times and attributes are set on the object itself. Directory times are set by `finish`.
 */
export class TreeWriter {
  readonly #options: TreeWriterOptions
  readonly #notes: TreeNotes
  readonly #directories = new DirectoryRegister()
  readonly #tree: RootedTree
  readonly #deletions: Deletions
  #file: WrittenFile | undefined

  constructor(root: number, options: TreeWriterOptions) {
    this.#options = options
    this.#notes = new TreeNotes(options)
    this.#tree = new RootedTree(root, {
      implicitDirectory: (place, isReborn) => {
        this.#notes.countEntry()
        if (!isReborn) this.#directories.implied(place.path)
      },
      blocked: (place) => this.#deletions.blocked(place),
      directoryOpened: (path, fd) => this.#deletions.directoryOpened(path, fd),
    })
    this.#deletions =
      options.whiteouts === 'none'
        ? noDeletions
        : options.whiteouts === 'apply'
          ? new AppliedDeletions(this.#tree)
          : new OverlayDeletions(this.#tree, this.#directories, this.#notes, options.hasLower)
  }

  /** Starts one entry; returns what takes its content. `end` must follow before the next. */
  begin(path: LayerPath, entry: TarEntry): ((chunk: Buffer) => void) | undefined {
    try {
      return this.#begin(path, entry)
    } catch (error) {
      if (!this.#options.hasLower || !isRocketError(error, 'ENTRY_PARENT_NOT_DIRECTORY') || path === '') throw unpackError(path, error)
      this.#notes.needsChain(path)
      return undefined
    }
  }

  end(path: LayerPath): void {
    const file = this.#file
    this.#file = undefined
    try {
      file?.end()
    } catch (error) {
      throw unpackError(path, error)
    } finally {
      file?.close()
    }
  }

  /** Directory times, and what there is to know about the tree. */
  finish(): TreeReport {
    this.#deletions.finish()
    this.#directories.finish(this.#tree, this.#notes, this.#options.whiteouts !== 'apply')
    this.#tree.forget()
    return this.#notes.report
  }

  /** Gives back all descriptors, after a failure. */
  abandon(): void {
    this.#file?.close()
    this.#file = undefined
    this.#tree.forget()
  }

  #begin(path: LayerPath, entry: TarEntry): ((chunk: Buffer) => void) | undefined {
    this.#notes.countEntry()
    checkXattrSize(entry)
    const whiteout = this.#deletions.areMeant ? parseWhiteout(path, entry.type) : undefined
    if (whiteout?.kind === 'reserved') return this.#notes.skip(path, "AUFS's own bookkeeping")
    if (whiteout !== undefined) return void this.#deletions.delete(whiteout)
    if (path === '') return this.#root(entry)
    this.#deletions.writing(this.#tree.place(path).path)
    switch (entry.type) {
      case 'file':
        return this.#regularFile(path, entry)
      case 'directory':
        return this.#directory(path, entry)
      case 'symlink':
        return this.#symlink(path, entry)
      case 'hardlink':
        return this.#hardlink(path, entry)
      default:
        return this.#special(path, entry, entry.type)
    }
  }

  #regularFile(path: LayerPath, entry: TarEntry): (piece: Buffer) => void {
    this.#notes.countBytes(entry.size)
    const file = new WrittenFile(entry, this.#notes, this.#tree, (create) => void this.#makeNew(path, create))
    this.#file = file
    return (piece) => {
      try {
        file.write(piece)
      } catch (error) {
        throw unpackError(path, error)
      }
    }
  }

  #directory(path: LayerPath, entry: TarEntry): undefined {
    let place = this.#tree.place(path)
    let isNew = this.#tree.createDirectory(place, entry)
    let replaced = false
    const stat = isNew ? undefined : this.#tree.stat(place)
    if (!isNew && (stat === undefined || !isDirectory(stat))) {
      this.#remove(place)
      place = this.#tree.place(path)
      isNew = replaced = this.#tree.createDirectory(place, entry)
    }
    if (isNew && !replaced && entry.xattrs.length === 0) this.#directories.described(place.path, entry)
    else this.#describe(place, entry, replaced)
  }

  #root(entry: TarEntry): undefined {
    if (entry.type === 'directory') return this.#describe(this.#tree.rootPlace(), entry, false)
    throw new RocketError('ENTRY_PARENT_NOT_DIRECTORY', {
      what: 'the archive was refused',
      why: `it would replace the root by a ${entry.type}`,
    })
  }

  #describe(place: Place, entry: TarEntry, replaced: boolean): undefined {
    const fd = this.#tree.openDirectory(place)
    try {
      describeDirectory(fd, entry, this.#notes)
      this.#directories.described(place.path, entry)
      if (replaced) this.#deletions.replacedByDirectory(place.path, fd)
    } finally {
      closeSync(fd)
    }
  }

  #symlink(path: LayerPath, entry: TarEntry): undefined {
    if (entry.linkname.length === 0) throw corrupt('the tar archive cannot be read', `the link ${showPath(path)} has no target`)
    const place = this.#makeNew(path, ({ directory, name }) => native().symlinkat(entry.linkname, directory, name))
    describeNode(place, entry, this.#notes)
  }

  #hardlink(path: LayerPath, entry: TarEntry): undefined {
    const target = (this.#options.linkTarget ?? cleanEntryName)(entry.linkname)
    if (this.#findLinkTarget(target) === undefined) {
      if (!this.#options.hasLower) throw missingTarget(path, target)
      this.#notes.report.outwardLinks.push({ path, target })
      return
    }
    if (target === path) return
    // Its own place is open by now, so looking for the target closes at most another.
    this.#makeNew(path, (place) => {
      const from = this.#findLinkTarget(target)
      if (from === undefined) throw missingTarget(path, target)
      native().linkat(from.directory, from.name, place.directory, place.name, 0)
    })
  }

  #findLinkTarget(target: LayerPath): Place | undefined {
    const place = target === '' ? undefined : this.#tree.findPlace(target)
    const stat = place === undefined ? undefined : this.#tree.stat(place)
    if (place === undefined || stat === undefined || isWhiteout(stat)) return undefined
    // A directory that is only implied here may be a link in the layers below, and links have hard links.
    if (isDirectory(stat) && this.#options.hasLower && this.#directories.isImplied(place.path)) return undefined
    if (isDirectory(stat)) throw corrupt('the tar archive cannot be read', `a hard link leads to the directory ${showPath(target)}`)
    return place
  }

  #special(path: LayerPath, entry: TarEntry, type: keyof typeof specialTypes): undefined {
    const { deviceMajor, deviceMinor } = entry
    if (!this.#options.allowDevices) {
      return this.#notes.skip(path, `devices and fifos are not allowed: ${type} ${deviceMajor}:${deviceMinor}`)
    }
    // To overlayfs this device means that a file is deleted: an image must not say so to it.
    if (type === 'char' && deviceMajor === 0 && deviceMinor === 0) return this.#notes.skip(path, "the device 0:0 is overlayfs's own mark")
    const place = this.#makeNew(path, ({ directory, name }) =>
      native().mknodat(directory, name, specialTypes[type] | 0o600, deviceMajor, deviceMinor),
    )
    describeNode(place, entry, this.#notes)
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
    // On the layers below, what was written into it could have gone elsewhere, through a link.
    if (this.#options.hasLower && this.#directories.wasImplied(place.path)) this.#notes.needsChain(place.path)
    this.#directories.replaced(place.path)
  }
}

function missingTarget(path: LayerPath, target: LayerPath): RocketError {
  return new RocketError('HARDLINK_TARGET_MISSING', {
    what: `the hard link ${showPath(path)} was refused`,
    why: `there is no ${showPath(target)} in the image`,
  })
}
