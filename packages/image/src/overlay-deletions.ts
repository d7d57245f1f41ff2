import { closeSync } from 'node:fs'
import { isErrno } from '@rocket/contracts'
import { isWhiteout, linux, native, opaqueAttribute } from '@rocket/host'
import { type Deletions, notOpaque } from './deletions.ts'
import type { DirectoryRegister } from './directory-register.ts'
import { type LayerPath, parentPath } from './entry-path.ts'
import { isDirectory, type Place, type RootedTree } from './rooted-tree.ts'
import type { TreeNotes } from './tree-report.ts'
import type { Whiteout } from './whiteouts.ts'

/** Deletions as overlayfs's own marks: the tree is one layer of an overlay. */
export class OverlayDeletions implements Deletions {
  readonly areMeant = true
  readonly #tree: RootedTree
  readonly #directories: DirectoryRegister
  readonly #notes: TreeNotes
  readonly #hasLower: boolean
  readonly #markedIn = new Set<LayerPath>()
  readonly #opaque = new Set<LayerPath>()
  #madeWay = 0

  constructor(tree: RootedTree, directories: DirectoryRegister, notes: TreeNotes, hasLower: boolean) {
    this.#tree = tree
    this.#directories = directories
    this.#notes = notes
    this.#hasLower = hasLower
  }

  delete({ kind, path }: Exclude<Whiteout, { kind: 'reserved' }>): void {
    if (kind === 'opaque') return this.#markOpaque(path)
    if (!this.#hasLower) return this.#notes.skip(path, 'there is no layer below from which it could be deleted')
    const madeWay = this.#madeWay
    const place = this.#tree.place(path)
    const stat = this.#tree.stat(place)
    // A deletion inside of what the layer deletes altogether: a directory was made for it that should not be there.
    if (this.#madeWay > madeWay) this.#notes.needsChain(path)
    if (stat === undefined) {
      native().mknodat(place.directory, place.name, linux.S_IFCHR, 0, 0)
      this.#markedIn.add(parentPath(place.path))
    } else if (isDirectory(stat)) {
      // The layer brings a directory of its own: it hides what lies below, which is what a deletion beside it means.
      this.#markOpaque(path)
      // Only implied, it may be there for nothing but other deletions, and then should not be there at all.
      if (this.#directories.isImplied(place.path)) this.#notes.needsChain(path)
    }
  }

  writing(): void {}

  /** What the layer had there, a deletion or a file, hid the directory below; the new one must go on hiding it. */
  replacedByDirectory(path: LayerPath, fd: number): void {
    this.#setOpaque(path, fd)
  }

  /** A deletion of this layer stands where one of its entries needs a directory: the directory comes, and hides what was deleted. */
  blocked(place: Place): boolean {
    const stat = this.#tree.stat(place)
    if (stat === undefined || !isWhiteout(stat)) return false
    native().unlinkat(place.directory, place.name, 0)
    this.#tree.createImplied(place)
    this.#madeWay++
    this.#directories.reborn(place.path)
    const fd = this.#tree.openDirectory(place)
    try {
      this.#setOpaque(place.path, fd)
    } finally {
      closeSync(fd)
    }
    return true
  }

  directoryOpened(): void {}

  finish(): void {
    for (const path of this.#opaque) if (this.#markedIn.delete(path)) this.#dropMarks(path)
    this.#notes.report.whiteoutParents = [...this.#markedIn].sort()
  }

  #markOpaque(path: LayerPath): void {
    if (path === '') return this.#setOpaque('', this.#tree.root)
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
      this.#setOpaque(place.path, fd)
    } finally {
      closeSync(fd)
    }
  }

  #setOpaque(path: LayerPath, fd: number): void {
    native().setXattr(fd, opaqueAttribute, Buffer.from('y'))
    this.#opaque.add(path)
  }

  /** In a directory that hides everything below it, the marks of single deletions would show up as names. */
  #dropMarks(path: LayerPath): void {
    const inside = this.#tree.findPlace(path === '' ? '.' : `${path}/.`)
    for (const name of inside === undefined ? [] : this.#tree.list(inside.directory)) {
      const mark = { ...inside!, name }
      const stat = this.#tree.stat(mark)
      if (stat !== undefined && isWhiteout(stat)) native().unlinkat(mark.directory, name, 0)
    }
  }
}
