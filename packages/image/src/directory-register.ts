import { closeSync } from 'node:fs'
import { native } from '@rocket/host'
import { setXattr } from './entry-attributes.ts'
import type { LayerPath } from './entry-path.ts'
import type { Place, RootedTree } from './rooted-tree.ts'
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
    if (ownRoot && this.#implicit.has('')) settle(tree.rootPlace(), 0o755, 0n)
    for (const [path, { mode, mtimeNs, defaultAcl: list }] of this.#ends) {
      const place = path === '' ? tree.rootPlace() : tree.findPlace(path)
      // It is no longer there, or something else is, or a link leads elsewhere.
      if (place?.path !== path || !settle(place, (mode & 0o700) === 0o700 ? undefined : mode, mtimeNs)) this.#implicit.delete(path)
      else if (list !== undefined) setDefaultAcl(tree, place, list, notes)
    }
    notes.report.implicitParents = [...this.#implicit].sort()
    if (this.#late.size > 0) notes.report.describedLate = [...this.#late].sort()
  }
}

/** False when there is no directory at this place. */
function settle({ directory, name }: Place, mode: number | undefined, mtimeNs: bigint): boolean {
  return native().settleDirectory(directory, name, mode ?? -1, mtimeNs)
}

function setDefaultAcl(tree: RootedTree, place: Place, list: Buffer, notes: TreeNotes): void {
  const fd = tree.openDirectory(place)
  try {
    setXattr(fd, defaultAcl, list, notes)
  } finally {
    closeSync(fd)
  }
}
