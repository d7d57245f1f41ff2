import { chmodSync, lstatSync, mkdirSync, symlinkSync } from 'node:fs'
import { isWhiteout } from '../overlay-marks.ts'
import type { AppRoot } from './plan-app-root.ts'

/** Directories that programs expect of a system, and that small images do not have. */
const directories: readonly (readonly [name: string, mode: number])[] = [
  ['dev', 0o755], ['etc', 0o755], ['proc', 0o755], ['run', 0o755], ['sys', 0o755], ['tmp', 0o1777],
]

/**
 * Adds to a root what rkt adds: the usual directories where they are missing, and /etc/mtab where /etc has none. Only names directly
 * below the root, or below an /etc that is a directory, are touched: a link of the image is never followed.
 */
export function prepareAppRoot(root: string): void {
  for (const [name, mode] of directories) if (kindOf(`${root}/${name}`) === 'missing') makeDirectory(`${root}/${name}`, mode)
  if (
    kindOf(`${root}/etc`) === 'directory' && kindOf(`${root}/etc/mtab`) === 'missing'
  ) symlinkSync('../proc/self/mounts', `${root}/etc/mtab`)
}

/**
 * Whether the root will have a file of this name, told from its trees before they are mounted: the upper layer first, then the trees from
 * the top. A directory of the path that is a link counts as having it: better the image's own file than a guess.
 */
export function rootHasFile(root: AppRoot, path: string): boolean {
  const layers = [
    ...(root.kind === 'overlay' ? [root.upper] : [root.target]), ...root.trees.toReversed().map((tree) => `${root.base}/${tree}`),
  ]
  for (const layer of layers) {
    const found = findInLayer(layer, path)
    if (found !== 'missing') return found === 'there'
  }
  return false
}

function findInLayer(layer: string, path: string): 'there' | 'deleted' | 'missing' {
  const names = path.split('/').filter((name) => name !== '')
  let at = layer
  for (const [index, name] of names.entries()) {
    at = `${at}/${name}`
    const kind = kindOf(at)
    if (kind === 'missing' || kind === 'deleted') return kind
    if (kind !== 'directory' || index === names.length - 1) return 'there'
  }
  return 'there'
}

/** No exception for what is missing: the first one of a process costs 8 ms. */
function kindOf(path: string): 'missing' | 'deleted' | 'directory' | 'other' {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return 'missing'
  if (stats.isDirectory()) return 'directory'
  return isWhiteout(stats) ? 'deleted' : 'other'
}

function makeDirectory(path: string, mode: number): void {
  mkdirSync(path)
  chmodSync(path, mode)
}
