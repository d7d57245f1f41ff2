import { closeSync } from 'node:fs'
import { linux, native } from '@rocket/host'
import { setXattr } from './entry-attributes.ts'
import type { LayerPath } from './entry-path.ts'
import { isDirectory, type Place, type RootedTree } from './rooted-tree.ts'
import type { TarEntry } from './tar-entry.ts'
import type { TreeNotes } from './tree-report.ts'
import { defaultAcl } from './xattr-policy.ts'

/** What a directory gets last: its time, a mode that keeps its owner out, the list that its children would inherit. */
interface DirectoryEnd {
  mode: number
  mtimeNs: bigint
  defaultAcl?: Buffer | undefined
}

/**
 * The directories of a tree that is being written, by where they are (no link above them): which were described by an entry and which only
 * implied, and what is left to be set when nothing is written into them any more. What was replaced since is found out at the end.
 */
export class DirectoryRegister {
  readonly #implicit = new Set<LayerPath>([''])
  readonly #late = new Set<LayerPath>()
  readonly #ends = new Map<LayerPath, DirectoryEnd>()

  implied(path: LayerPath): void {
    this.#implicit.add(path)
    this.#ends.set(path, { mode: 0o755, mtimeNs: 0n })
  }

  /** Made by this layer in place of one it deleted: what it was below is of no interest, so it does not count as implied. */
  reborn(path: LayerPath): void {
    this.#ends.set(path, { mode: 0o755, mtimeNs: 0n })
  }

  described(path: LayerPath, entry: TarEntry): void {
    const list = entry.xattrs.find(([name]) => name === defaultAcl)?.[1]
    this.#ends.set(path, { mode: entry.mode, mtimeNs: entry.mtimeNs, defaultAcl: list })
    if (this.#implicit.delete(path) && path !== '') this.#late.add(path)
  }

  /** Whether entries were written into it as into a directory that nobody described. */
  wasImplied(path: LayerPath): boolean {
    return this.#implicit.has(path) || this.#late.has(path)
  }

  isImplied(path: LayerPath): boolean {
    return this.#implicit.has(path)
  }

  /** Something else takes its place. */
  replaced(path: LayerPath): void {
    this.#implicit.delete(path)
    this.#ends.delete(path)
  }

  /** Sets what was put off. `ownRoot`: the root was made for this tree, and is still private. */
  finish(tree: RootedTree, notes: TreeNotes, ownRoot: boolean): void {
    if (ownRoot && this.#implicit.has('')) this.#finishOne(tree, tree.rootPlace(), { mode: 0o755, mtimeNs: 0n }, notes, true)
    for (const [path, end] of this.#ends) {
      const place = path === '' ? tree.rootPlace() : this.#findAgain(tree, path)
      if (place !== undefined) this.#finishOne(tree, place, end, notes, false)
    }
    notes.report.implicitParents = [...this.#implicit].filter((path) => path === '' || this.#findAgain(tree, path) !== undefined).sort()
    if (this.#late.size > 0) notes.report.describedLate = [...this.#late].sort()
  }

  /** Undefined when it is no longer there, or something else is, or a link leads elsewhere. */
  #findAgain(tree: RootedTree, path: LayerPath): Place | undefined {
    const place = tree.findPlace(path)
    const stat = place?.path === path ? tree.stat(place) : undefined
    return stat !== undefined && isDirectory(stat) ? place : undefined
  }

  #finishOne(tree: RootedTree, place: Place, { mode, mtimeNs, defaultAcl: list }: DirectoryEnd, notes: TreeNotes, open: boolean): void {
    if (open || (mode & 0o700) !== 0o700) native().fchmodat(place.directory, place.name, mode)
    if (list !== undefined) {
      const fd = tree.openDirectory(place)
      try {
        setXattr(fd, defaultAcl, list, notes)
      } finally {
        closeSync(fd)
      }
    }
    native().utimensat(place.directory, place.name, mtimeNs, mtimeNs, linux.AT_SYMLINK_NOFOLLOW)
  }
}
