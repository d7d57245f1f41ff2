import { chmodSync, copyFileSync, lchownSync, lstatSync, lutimesSync, mkdirSync, readlinkSync, symlinkSync } from 'node:fs'
import { isOverlayAttribute, native } from '@rocket/host'
import { LayeredRoot } from '../layered-root.ts'

/**
 * Copies what an image holds at `path` into `directory`, which is ours and exists: files, directories and links with owner, mode, times
 * and attributes. Device nodes, fifos and sockets are left out; hard links become files of their own.
 */
export function fillVolume(trees: readonly string[], path: string, directory: string): void {
  const root = new LayeredRoot(trees)
  try {
    copyBelow(root, root.resolve(path), directory)
  } finally {
    root.close()
  }
}

function copyBelow(root: LayeredRoot, from: string, to: string): void {
  for (const name of root.list(from)) {
    const source = `${from === '/' ? '' : from}/${name}`
    const target = `${to}/${name}`
    const found = root.find(source, { follow: false })
    const place = root.locate(source)
    if (found === undefined || place === undefined || found.type === 'other') continue
    if (found.type === 'link') symlinkSync(readlinkSync(place), target)
    else if (found.type === 'file') copyFileSync(place, target)
    else {
      mkdirSync(target)
      copyBelow(root, source, target)
    }
    lchownSync(target, found.uid, found.gid)
    if (found.type !== 'link') {
      copyAttributes(place, target)
      chmodSync(target, found.mode)
    }
    const { atime, mtime } = lstatSync(place)
    lutimesSync(target, atime, mtime)
  }
}

/** After the owner, because a change of owner drops file capabilities. The overlay's own marks do not belong to the content. */
function copyAttributes(from: string, to: string): void {
  const sys = native()
  for (const name of sys.listXattrs(from)) {
    const value = isOverlayAttribute(name.toString('latin1')) ? undefined : sys.getXattr(from, name)
    if (value !== undefined) sys.setXattr(to, name, value)
  }
}
