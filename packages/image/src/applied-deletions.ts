import { closeSync } from 'node:fs'
import { linux, native } from '@rocket/host'
import { type Deletions, notOpaque } from './deletions.ts'
import { ancestorsOf, type LayerPath } from './entry-path.ts'
import { isDirectory, type Place, type RootedTree } from './rooted-tree.ts'
import type { Whiteout } from './whiteouts.ts'

/**
 * Deletions carried out: the tree holds the layers below. They are meant for those only, whatever the order in the archive. A directory of
 * the layers below that is written into, or loses something, keeps its time unless an entry says another.
 */
export class AppliedDeletions implements Deletions {
  readonly areMeant = true
  readonly #tree: RootedTree
  /** Paths this layer wrote, and all above them. */
  readonly #written = new Set<LayerPath>()
  /** By inode. */
  readonly #disturbed = new Map<bigint, { path: LayerPath; mtimeNs: bigint }>()

  constructor(tree: RootedTree) {
    this.#tree = tree
    this.directoryOpened('', tree.root)
  }

  delete({ kind, path }: Exclude<Whiteout, { kind: 'reserved' }>): void {
    if (path === '') return this.#clear(this.#tree.rootPlace())
    const place = this.#tree.findPlace(path)
    const stat = place === undefined ? undefined : this.#tree.stat(place)
    if (kind === 'opaque') {
      if (stat !== undefined && !isDirectory(stat)) throw notOpaque(path)
      // An opaque directory is there, if empty.
      this.#tree.place(`${path}/.`)
      const own = this.#tree.place(path)
      this.writing(own.path)
      this.#clear(own)
    } else if (place !== undefined && stat !== undefined) {
      if (!this.#written.has(place.path)) this.#tree.remove(place)
      else if (isDirectory(stat)) this.#clear(place)
    }
  }

  writing(path: LayerPath): void {
    this.#written.add(path)
    for (const ancestor of ancestorsOf(path)) this.#written.add(ancestor)
  }

  replacedByDirectory(): void {}

  blocked(): boolean {
    return false
  }

  directoryOpened(path: LayerPath, fd: number): void {
    const stat = native().fstatat(fd, '', linux.AT_EMPTY_PATH)
    if (!this.#disturbed.has(stat.ino)) this.#disturbed.set(stat.ino, { path, mtimeNs: stat.mtimeNs })
  }

  finish(): void {
    for (const { path, mtimeNs } of this.#disturbed.values()) {
      const directory = path === '' ? this.#tree.root : this.#tree.findPlace(`${path}/.`)?.directory
      if (directory !== undefined) native().utimensat(directory, '.', mtimeNs, mtimeNs, 0)
    }
  }

  /** Removes everything in a directory that this layer did not write itself. */
  #clear(place: Place): void {
    // A descriptor of its own: removing a directory closes those that the tree keeps.
    const fd = this.#tree.openDirectory(place)
    try {
      this.directoryOpened(place.path, fd)
      for (const name of this.#tree.list(fd)) {
        const inside = { directory: fd, name, path: (place.path === '' ? '' : `${place.path}/`) + name.toString('latin1') }
        const stat = this.#tree.stat(inside)
        if (!this.#written.has(inside.path)) this.#tree.remove(inside)
        else if (stat !== undefined && isDirectory(stat)) this.#clear(inside)
      }
    } finally {
      closeSync(fd)
    }
  }
}
