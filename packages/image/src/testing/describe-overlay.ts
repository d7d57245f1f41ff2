import { closeSync, mkdtempSync, openSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { linux, mountOverlay, native, setPropagation } from '@rocket/host'
import { describeTree } from './canary.ts'

/** What an overlay of these directories shows, bottom first; mounted where nobody else sees it. */
export function describeOverlay(trees: readonly string[], base?: string): string {
  const target = mkdtempSync(join(tmpdir(), 'rocket-merged-'))
  const home = openSync('/proc/self/ns/mnt', 'r')
  const cwd = openSync('.', linux.O_PATH | linux.O_DIRECTORY)
  let root: number
  try {
    native().unshare(linux.CLONE_NEWNS)
    try {
      setPropagation('/', 'private', true)
      mountOverlay({ trees, target, ...(base === undefined ? {} : { base }) })
      root = openSync(target, linux.O_RDONLY | linux.O_DIRECTORY)
    } finally {
      native().setns(home, linux.CLONE_NEWNS)
      native().fchdir(cwd)
    }
  } finally {
    closeSync(cwd)
    closeSync(home)
  }
  try {
    return describeTree(`/proc/self/fd/${root}/.`)
  } finally {
    closeSync(root)
    rmdirSync(target)
  }
}
