import { deepStrictEqual } from 'node:assert'
import {
  closeSync, fstatSync, lstatSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { isErrno } from '@rocket/contracts'
import { linux, mountOverlay, native, unmount } from '@rocket/host'
import { LayeredRoot } from '../layered-root.ts'

/**
 * Run in a private mount namespace, with a directory to work in: every path of random layers, as the kernel's overlay and as we show it.
 */

type Entry = { kind: 'file' | 'directory' | 'opaque' | 'whiteout' } | { kind: 'link'; target: string }

const names = ['a', 'b', 'c']
const path = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'))
const link = fc.tuple(fc.constantFrom('', '/', '../', '../../'), path).map(([prefix, rest]): Entry => ({
  kind: 'link', target: prefix + rest,
}))
const entry = fc.oneof(link, fc.constantFrom<Entry>({ kind: 'file' }, { kind: 'directory' }, { kind: 'opaque' }, { kind: 'whiteout' }))
const layer = fc.array(fc.tuple(path, entry), { maxLength: 8 })
const query = fc.array(fc.constantFrom(...names, '..'), { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}`)

const base = process.argv[2] as string
let serial = 0

fc.assert(
  fc.property(fc.array(layer, { minLength: 2, maxLength: 4 }), fc.array(query, { minLength: 20, maxLength: 20 }), (layers, queries) => {
    const work = join(base, String(serial++))
    const trees = layers.map((entries, index) => buildLayer(join(work, `tree${index}`), entries))
    for (const name of ['upper', 'work', 'merged']) mkdirSync(join(work, name))
    mountOverlay({
      trees: trees.map((_, index) => `tree${index}`), base: work, upper: join(work, 'upper'), work: join(work, 'work'),
      target: join(work, 'merged'),
    })
    const ours = new LayeredRoot(trees)
    try {
      for (const one of queries) {
        for (const follow of [true, false]) deepStrictEqual(
          seenByUs(ours, one, follow), seenByKernel(join(work, 'merged'), one, follow), `${one}, follow ${follow}`,
        )
      }
    } finally {
      ours.close()
      unmount(join(work, 'merged'))
      rmSync(work, { recursive: true })
    }
  }),
  { numRuns: Number(process.env['ROCKET_PROPERTY_RUNS'] ?? 50) },
)

function buildLayer(tree: string, entries: readonly (readonly [string, Entry])[]): string {
  mkdirSync(tree, { recursive: true })
  for (const [name, one] of entries) {
    try {
      make(tree, name, one)
    } catch (error) {
      // A later entry that does not fit what an earlier one made is left out.
      if (!isErrno(error, 'EEXIST', 'ENOTDIR', 'ENOENT', 'ELOOP')) throw error
    }
  }
  return tree
}

function make(tree: string, name: string, one: Entry): void {
  const parts = name.split('/')
  for (let depth = 1; depth < parts.length; depth++) {
    const parent = join(tree, ...parts.slice(0, depth))
    const fd = openDirectory(parent)
    closeSync(fd)
  }
  const place = join(tree, name)
  if (one.kind === 'file') writeFileSync(place, name, { flag: 'wx' })
  else if (one.kind === 'link') symlinkSync(one.target, place)
  else if (one.kind === 'whiteout') native().mknodat(linux.AT_FDCWD, place, 0o020000, 0, 0)
  else {
    mkdirSync(place)
    if (one.kind === 'opaque') native().setXattr(place, 'trusted.overlay.opaque', Buffer.from('y'))
  }
}

/** Makes it when it is not there; a link on the way is not followed. */
function openDirectory(place: string): number {
  const flags = linux.O_PATH | linux.O_DIRECTORY | linux.O_NOFOLLOW
  try {
    return openSync(place, flags)
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error
    mkdirSync(place)
    return openSync(place, flags)
  }
}

function seenByUs(root: LayeredRoot, wanted: string, follow: boolean): object | undefined {
  const found = root.find(wanted, { follow })
  if (found === undefined) return undefined
  const place = found.type === 'link' ? root.locate(wanted) : undefined
  return {
    type: found.type, mode: found.mode, sizeBytes: found.type === 'file' ? found.sizeBytes : undefined,
    content: found.type === 'file' ? root.readFile(wanted, 1000)?.toString() : place === undefined ? undefined : readlinkSync(place),
    names: found.type === 'directory' ? root.list(wanted) : undefined,
  }
}

function seenByKernel(merged: string, wanted: string, follow: boolean): object | undefined {
  const top = openSync(merged, linux.O_PATH | linux.O_DIRECTORY)
  try {
    const fd = native().openat2(top, wanted, linux.O_PATH | (follow ? 0 : linux.O_NOFOLLOW), 0, linux.RESOLVE_IN_ROOT)
    try {
      const stats = fstatSync(fd)
      const type = stats.isDirectory() ? 'directory' : stats.isFile() ? 'file' : 'link'
      return {
        type, mode: stats.mode & 0o7777, sizeBytes: type === 'file' ? stats.size : undefined,
        content: type === 'directory' ? undefined : readContent(fd, type),
        names: type === 'directory' ? namesIn(`/proc/self/fd/${fd}`) : undefined,
      }
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined
    throw error
  } finally {
    closeSync(top)
  }
}

function readContent(fd: number, type: 'file' | 'link'): string {
  return type === 'file' ? readFileSync(`/proc/self/fd/${fd}`, 'utf8') : native().readlinkat(fd, '').toString()
}

/** The kernel lists a whiteout of a directory that only one layer has, and then does not find it. */
function namesIn(place: string): string[] {
  return readdirSync(place).filter((name) => lstatSync(`${place}/${name}`, { throwIfNoEntry: false }) !== undefined).sort()
}
