import { readSync } from 'node:fs'
import type { LayerPath } from './entry-path.ts'
import type { TarEntry } from './tar-entry.ts'
import { type WalkedEntry, walkTree } from './walk-tree.ts'

/** What a file was and is, in one respect; a size is in bytes, a mode octal, a time in nanoseconds. `content` says only that the bytes differ. */
export interface Change {
  what: 'type' | 'mode' | 'owner' | 'size' | 'content' | 'target' | 'device' | 'xattrs' | 'time'
  from: string
  to: string
}

export type Difference =
  | { kind: 'added' | 'removed'; path: LayerPath; type: TarEntry['type'] }
  | { kind: 'changed'; path: LayerPath; type: TarEntry['type']; changes: Change[] }

type Trees = string | readonly string[]

/**
 * What one tree has and another has not, in the order of a walk: names by their bytes, a directory before its content. Each side may be
 * several directories, bottom first, which count as their overlay. Times are not compared, and files that both sides share on disk not read.
 * `exact`: each side is one directory as it lies on disk, times and marks of overlayfs included.
 */
export function* diffTrees(before: Trees, after: Trees, { exact = false }: { exact?: boolean } = {}): Generator<Difference, void, undefined> {
  const left = walkTree(before, { raw: exact })
  const right = walkTree(after, { raw: exact })
  try {
    let from = nextOf(left)
    let to = nextOf(right)
    while (from !== undefined || to !== undefined) {
      const order = from === undefined ? 1 : to === undefined ? -1 : comparePaths(from.path, to.path)
      if (order === 0) {
        const changes = changesOf(from!, to!, exact)
        if (changes.length > 0) yield { kind: 'changed', path: to!.path, type: to!.entry.type, changes }
      } else if (order < 0) yield { kind: 'removed', path: from!.path, type: from!.entry.type }
      else yield { kind: 'added', path: to!.path, type: to!.entry.type }
      if (order <= 0) from = nextOf(left)
      if (order >= 0) to = nextOf(right)
    }
  } finally {
    left.return()
    right.return()
  }
}

function nextOf(walk: Generator<WalkedEntry, void, undefined>): WalkedEntry | undefined {
  const step = walk.next()
  return step.done === true ? undefined : step.value
}

/** In the order in which a tree is walked: `a/b` comes before `a-b`. */
function comparePaths(one: LayerPath, other: LayerPath): number {
  const [left, right] = [one.split('/'), other.split('/')]
  for (let depth = 0; depth < left.length && depth < right.length; depth++) {
    if (left[depth] !== right[depth]) return left[depth]! < right[depth]! ? -1 : 1
  }
  return left.length - right.length
}

function changesOf(from: WalkedEntry, to: WalkedEntry, exact: boolean): Change[] {
  if (from.inode === to.inode && from.entry.type === to.entry.type && from.entry.type !== 'hardlink') return []
  const changes: Change[] = []
  const compare = (what: Change['what'], look: (entry: TarEntry) => string): void => {
    const [was, is] = [look(from.entry), look(to.entry)]
    if (was !== is) changes.push({ what, from: was, to: is })
  }
  compare('type', ({ type }) => type)
  compare('mode', ({ mode }) => mode.toString(8).padStart(4, '0'))
  compare('owner', ({ uid, gid }) => `${uid}:${gid}`)
  compare('target', ({ linkname }) => linkname.toString('latin1'))
  compare('device', ({ deviceMajor, deviceMinor }) => `${deviceMajor}:${deviceMinor}`)
  compare('xattrs', ({ xattrs }) => xattrs.map(([name, value]) => `${name}=${value.toString('hex')}`).join(' '))
  if (exact) compare('time', ({ mtimeNs }) => String(mtimeNs))
  compare('size', ({ size }) => String(size))
  if (from.content !== undefined && to.content !== undefined && from.entry.size === to.entry.size && !sameBytes(from, to)) {
    changes.push({ what: 'content', from: '', to: '' })
  }
  return changes
}

const [one, other] = [Buffer.allocUnsafe(1 << 18), Buffer.allocUnsafe(1 << 18)]

function sameBytes(from: WalkedEntry, to: WalkedEntry): boolean {
  for (let at = 0; at < from.entry.size;) {
    const length = readSync(from.content!, one, 0, one.length, at)
    const got = readSync(to.content!, other, 0, other.length, at)
    if (length !== got || !one.subarray(0, length).equals(other.subarray(0, got))) return false
    if (length === 0) return true
    at += length
  }
  return true
}
