import { ancestorsOf, type LayerPath, parentPath, showPath } from './entry-path.ts'
import type { DirectoryMetadata, Seen, TreeView } from './tree-view.ts'

export type LayerDecision =
  /** The layer's own tree goes on top as it is. */
  | { kind: 'use' }
  /** It must be unpacked once more, on the trees below it: `why` says for which of its entries. */
  | { kind: 'unpack-on-chain'; why: string }

/** A directory of the thin tree: it gives a directory that layers only mention the looks it was given further below. */
export interface TopDirectory extends DirectoryMetadata {
  path: LayerPath
}

/**
 * Whether a layer's tree, which was unpacked alone, shows the same in an overlay on `below` (bottom first) as the layer would have when
 * applied there. It does not when it writes below something that is a link or a file down there, links to a file that is only there, or
 * deletes in a directory that is not there at all (overlayfs would then show the marks). Pure.
 */
export function planLayer(below: readonly TreeView[], layer: TreeView): LayerDecision {
  const { implicitParents, describedLate = [], outwardLinks, throughLinks, whiteoutParents } = layer.facts
  const again = (why: string): LayerDecision => ({ kind: 'unpack-on-chain', why })
  if (outwardLinks.length > 0) return again(`the hard link ${showPath(outwardLinks[0]!.path)} leads to a file of a layer below`)
  if (throughLinks.length > 0) return again(`${showPath(throughLinks[0]!)} lies below a link that leads out of the layer`)
  for (const path of [...implicitParents, ...describedLate]) {
    if (path === '' || lookMerged(below, path).kind !== 'other' || isHidden(layer, path)) continue
    return again(`${showPath(path)} is not a directory in the layers below`)
  }
  for (const path of whiteoutParents) {
    const merged = isHidden(layer, path) ? 'none' : lookMerged(below, path).kind
    if (merged !== 'directory') return again(`it deletes in ${showPath(path)}, which is no directory below`)
  }
  return { kind: 'use' }
}

/**
 * The directories whose looks an overlay of `trees` (bottom first) would take from a layer that only mentions them, with the looks that a
 * layer below gave them; and all directories above these. A parent comes before its children. Empty when there is nothing to mend. Pure.
 */
export function planTopTree(trees: readonly TreeView[]): TopDirectory[] {
  const mentioned = new Set(trees.flatMap(({ facts }) => facts.implicitParents))
  const wrong = [...mentioned].filter((path) => {
    if (!trees.some((tree) => !isImplicit(tree, path) && has(tree, path))) return false
    const { shown, right } = looksOf(trees, path)
    return shown !== undefined && right !== undefined && !sameLooks(shown, right)
  })
  const needed = new Set(wrong.flatMap((path) => [...ancestorsOf(path), path]))
  return [...needed].sort().flatMap((path) => {
    const { shown, right } = looksOf(trees, path)
    const looks = right ?? shown
    return looks === undefined ? [] : [{ path, ...looks }]
  })
}

type Merged = { kind: 'none' } | { kind: 'other' } | { kind: 'directory' }

/** What an overlay of the trees shows at a path: nothing, a directory, or something else, at the path or above it. */
function lookMerged(trees: readonly TreeView[], path: LayerPath): Merged {
  for (const { seen } of visible(trees, path)) {
    if (seen.kind === 'whiteout') return { kind: 'none' }
    return { kind: seen.kind === 'directory' ? 'directory' : 'other' }
  }
  return { kind: 'none' }
}

/** The looks of a directory as the overlay shows it, and as the topmost layer with an entry for it says. */
function looksOf(trees: readonly TreeView[], path: LayerPath): { shown?: DirectoryMetadata; right?: DirectoryMetadata } {
  let shown: DirectoryMetadata | undefined
  for (const { tree, seen, at } of visible(trees, path)) {
    if (seen.kind !== 'directory' || at !== path) break
    shown ??= seen.metadata
    if (!isImplicit(tree, path)) return { shown, right: seen.metadata }
  }
  return shown === undefined ? {} : { shown }
}

/**
 * What the trees have at a path, the topmost first, as far down as overlayfs looks. A tree that has no directory somewhere above the path
 * ends it: then `at` is that place. An opaque mark of the directory itself does not end it: it hides content, not looks.
 */
function* visible(trees: readonly TreeView[], path: LayerPath): Generator<{ tree: TreeView; seen: Seen; at: LayerPath }> {
  for (const tree of trees.toReversed()) {
    let ends = false
    let present = true
    for (const ancestor of ancestorsOf(path)) {
      const seen = tree.look(ancestor)
      if (seen.kind === 'absent') {
        present = false
        break
      }
      if (seen.kind !== 'directory') {
        yield { tree, seen, at: ancestor }
        return
      }
      ends ||= seen.opaque
    }
    if (present) {
      const seen = tree.look(path)
      if (seen.kind !== 'absent') yield { tree, seen, at: path }
      if (seen.kind !== 'absent' && seen.kind !== 'directory') return
    }
    if (ends) return
  }
}

/**
 * Whether a tree has a directory of this path. What the layer's own report says of it is asked before the disk: most layers bring most
 * directories alone.
 */
function has(tree: TreeView, path: LayerPath): boolean {
  return isImplicit(tree, path) || ((path === '' || has(tree, parentPath(path))) && tree.look(path).kind === 'directory')
}

/** Whether a directory above the path hides everything below the layer. */
function isHidden(layer: TreeView, path: LayerPath): boolean {
  return ancestorsOf(path).some((ancestor) => {
    const seen = layer.look(ancestor)
    return seen.kind === 'directory' && seen.opaque
  })
}

const implicitSets = new WeakMap<readonly LayerPath[], Set<LayerPath>>()

function isImplicit(tree: TreeView, path: LayerPath): boolean {
  const list = tree.facts.implicitParents
  let set = implicitSets.get(list)
  if (set === undefined) implicitSets.set(list, (set = new Set(list)))
  return set.has(path)
}

function sameLooks(a: DirectoryMetadata, b: DirectoryMetadata): boolean {
  return (
    a.mode === b.mode &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.mtimeNs === b.mtimeNs &&
    a.xattrs.length === b.xattrs.length &&
    a.xattrs.every(([name, value], index) => name === b.xattrs[index]![0] && value.equals(b.xattrs[index]![1]))
  )
}
