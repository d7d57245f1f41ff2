import { chmodSync, chownSync, existsSync, mkdirSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { isErrno, RocketError } from '@rocket/contracts'
import { syscallError } from '../errors.ts'
import { unmount } from '../mount.ts'
import { mountOverlay } from '../overlay.ts'
import { runProgramOrFail } from '../run-program.ts'
import type { AppRoot } from './plan-app-root.ts'

/**
 * Makes the root of an app, in the mount namespace we are in. What the app wrote earlier is kept: an upper layer, or a copy, that is there
 * is used again. Throws APP_ROOT_FAILED; a copy that was cut short is not taken for a whole one.
 */
export function makeAppRoot(root: AppRoot): void {
  if (root.trees.length === 0) throw failed(root, 'the image has no files')
  try {
    // A tree of another store is a link to it, made by the store itself in a directory that is its own.
    for (const tree of root.trees) if (
      !statSync(`${root.base}/${tree}`).isDirectory()
    ) throw failed(root, `${root.base}/${tree} is no directory`)
    mkdirSync(dirname(root.target), { recursive: true })
    if (root.kind === 'copy') return copyTrees(root)
    mkdirSync(root.target, { recursive: true })
    mkdirSync(root.work, { recursive: true })
    makeUpper(root)
    mountOverlay({ trees: root.trees, base: root.base, upper: root.upper, work: root.work, target: root.target })
  } catch (error) {
    if (error instanceof RocketError) throw error
    throw failed(root, (error as Error).message, error)
  }
}

/** Takes the mount away again, where there is one in this mount namespace; the files stay. */
export function unmountAppRoot(target: string): void {
  try {
    unmount(target, { detach: true })
  } catch (error) {
    if (!isErrno(error, 'EINVAL', 'ENOENT', 'ENOTDIR')) throw syscallError(error, `cannot unmount ${target}`)
  }
}

/** The root directory that an app sees is the upper layer's own, so it takes owner and mode from the image's topmost tree. */
function makeUpper(root: AppRoot): void {
  if (existsSync(root.upper)) return
  const like = statSync(`${root.base}/${root.trees.at(-1)}`)
  mkdirSync(root.upper)
  if (like.uid !== 0 || like.gid !== 0) chownSync(root.upper, like.uid, like.gid)
  chmodSync(root.upper, like.mode & 0o7777)
}

/** Several trees are seen through a read-only overlay first: only the kernel knows how their whiteouts add up. */
function copyTrees(root: AppRoot): void {
  if (existsSync(root.target)) return
  const beside = `${root.target}.new`
  rmSync(beside, { recursive: true, force: true })
  const [tree = ''] = root.trees
  if (root.trees.length === 1) copyTree(realpathSync(`${root.base}/${tree}`), beside)
  else {
    const view = `${root.target}.view`
    mkdirSync(view, { recursive: true })
    mountOverlay({ trees: root.trees, base: root.base, target: view })
    try {
      copyTree(view, beside)
    } finally {
      unmount(view, { detach: true })
      rmSync(view, { recursive: true, force: true })
    }
  }
  renameSync(beside, root.target)
}

/** coreutils keeps owners, modes, times, hard links, extended attributes, holes and devices, and shares blocks where it can. */
function copyTree(from: string, to: string): void {
  runProgramOrFail('cp', ['-a', '--reflink=auto', '-T', '--', from, to], { timeoutMs: 3_600_000 })
}

function failed(root: AppRoot, why: string, cause?: unknown): RocketError {
  return new RocketError('APP_ROOT_FAILED', {
    what: `the root ${root.target} cannot be made`, why, ...(cause === undefined ? {} : { cause }),
    hint: root.kind === 'overlay'
      ? 'where the file system cannot carry an overlay, prepare the pod with --no-overlay'
      : 'see the message above for what could not be copied',
  })
}
