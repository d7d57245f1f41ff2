import { closeSync, fchmodSync, fchownSync, mkdirSync, openSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { describing, linux, mountOverlay, native, setPropagation } from '@rocket/host'
import type { ArchiveSource } from './archive-stream.ts'
import { cleanEntryName, type LayerPath } from './entry-path.ts'
import type { TopDirectory } from './plan-composition.ts'
import { removeTreeAt } from './remove-tree.ts'
import { type CompositionFacts, readXattrs } from './tree-view.ts'
import { TreeWriter } from './tree-writer.ts'
import { type UnpackedLayer, unpackLayer, type UnpackOptions } from './unpack-layer.ts'
import { openUnpackTarget } from './unpack-target.ts'

/**
 * Unpacks a layer on the trees below it (bottom first), so that links and files down there are met as they are; what changes is collected
 * in `target`, which becomes a tree of the overlay above them. On no trees it is unpacked alone, as the bottom one. Whatever fails leaves
 * no tree behind. Throws what `unpackLayer` throws. Needs root, for the overlay; `${target}.work` must be free and on the same file
 * system.
 */
export async function unpackLayerOn(
  source: ArchiveSource,
  target: string,
  lower: readonly string[],
  options: Omit<UnpackOptions, 'whiteouts' | 'hasLower'> = {},
): Promise<UnpackedLayer> {
  if (lower.length === 0) return unpackLayer(source, target, { ...options, whiteouts: 'overlay', hasLower: false })
  const upper = openUnpackTarget(target)
  const work = `${target}.work`
  try {
    copyLooks(lower.at(-1)!, upper.root)
    mkdirSync(work, { mode: 0o700 })
    const root = openOverlay(lower, target, work)
    let unpacked: UnpackedLayer
    try {
      unpacked = await unpackLayer(source, root, { ...options, whiteouts: 'apply' })
    } finally {
      closeSync(root)
      removeWork(work)
    }
    upper.close()
    // overlayfs gave every directory it touched the looks of the one below: nothing is left to be mended.
    return { ...unpacked, ...whole }
  } catch (error) {
    upper.remove()
    throw error
  }
}

/** Makes a thin tree of directories and nothing else: see `planTopTree`. `target` is as for `unpackLayer`. */
export function writeTopTree(target: string, directories: readonly TopDirectory[]): void {
  const opened = openUnpackTarget(target)
  const writer = new TreeWriter(opened.root, {
    whiteouts: 'none',
    hasLower: false,
    allowDevices: false,
    maxEntries: Number.MAX_SAFE_INTEGER,
    maxUnpackedBytes: 0,
  })
  try {
    for (const { path, ...looks } of directories) {
      const entry = {
        type: 'directory' as const,
        name: Buffer.alloc(0),
        linkname: Buffer.alloc(0),
        size: 0,
        deviceMajor: 0,
        deviceMinor: 0,
        ...looks,
      }
      writer.begin(cleanEntryName(Buffer.from(path, 'latin1')), entry)
      writer.end(path)
    }
    writer.finish()
    opened.close()
  } catch (error) {
    writer.abandon()
    opened.remove()
    throw error
  }
}

const whole: CompositionFacts & { implicitParents: LayerPath[] } = {
  implicitParents: [],
  outwardLinks: [],
  throughLinks: [],
  whiteoutParents: [],
}

/**
 * The root of an overlay that is mounted nowhere: it is mounted in a mount namespace that we make and leave again at once, so that only the
 * descriptor keeps it, and nothing is left however we end.
 */
function openOverlay(lower: readonly string[], upper: string, work: string): number {
  const base = dirname(lower[0]!)
  const together = lower.every((directory) => dirname(directory) === base)
  const home = openSync('/proc/self/ns/mnt', linux.O_RDONLY | linux.O_CLOEXEC)
  const cwd = openSync('.', linux.O_PATH | linux.O_DIRECTORY | linux.O_CLOEXEC)
  try {
    describing('a mount namespace to unpack a layer in cannot be made', () => native().unshare(linux.CLONE_NEWNS))
    try {
      setPropagation('/', 'private', true)
      describing('an overlay to unpack a layer on cannot be mounted', () =>
        mountOverlay({
          trees: together ? lower.map((directory) => basename(directory)) : lower,
          ...(together ? { base } : {}),
          upper,
          work,
          target: upper,
          options: ['index=off', 'redirect_dir=off', 'metacopy=off', 'volatile'],
        }),
      )
      return openSync(upper, linux.O_RDONLY | linux.O_DIRECTORY | linux.O_CLOEXEC)
    } finally {
      // Joining a namespace also sets root and working directory to its own.
      native().setns(home, linux.CLONE_NEWNS)
      native().fchdir(cwd)
    }
  } finally {
    closeSync(cwd)
    closeSync(home)
  }
}

function copyLooks(from: string, to: number): void {
  const fd = openSync(from, linux.O_RDONLY | linux.O_DIRECTORY | linux.O_CLOEXEC)
  try {
    const { mode, uid, gid, mtimeNs } = native().fstatat(fd, '', linux.AT_EMPTY_PATH)
    fchownSync(to, uid, gid)
    fchmodSync(to, mode & 0o7777)
    for (const [name, value] of readXattrs(fd)) native().setXattr(to, Buffer.from(name, 'latin1'), value)
    native().utimensat(to, '', mtimeNs, mtimeNs, 0)
  } finally {
    closeSync(fd)
  }
}

function removeWork(work: string): void {
  const parent = openSync(dirname(work), linux.O_PATH | linux.O_DIRECTORY | linux.O_CLOEXEC)
  try {
    removeTreeAt(parent, Buffer.from(basename(work)))
  } finally {
    closeSync(parent)
  }
}
