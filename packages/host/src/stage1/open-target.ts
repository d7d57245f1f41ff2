import { closeSync, fstatSync } from 'node:fs'
import { isErrno } from '@rocket/contracts'
import { linux } from '../linux.ts'
import { native } from '../native.ts'

/**
 * A descriptor (O_PATH) of a mount target inside a root, made with its parents where it is missing. Links are resolved inside the root,
 * so that no image can lead a mount out of it. The errno of the kernel is thrown as it is: ENOTDIR or EISDIR where the kinds differ, EEXIST
 * where a link leads nowhere.
 */
export function openTarget(root: number, path: string, kind: 'directory' | 'file'): number {
  const names = path.split('/').filter((name) => name !== '')
  let parent = openInRoot(root, '.')
  try {
    for (const index of names.keys()) {
      const isLast = index === names.length - 1
      const next = openOrMake(root, parent, names.slice(0, index + 1), isLast ? kind : 'directory')
      closeSync(parent)
      parent = next
    }
    const isDirectory = fstatSync(parent).isDirectory()
    if (isDirectory !== (kind === 'directory')) throw Object.assign(new Error(`${path} is ${isDirectory ? 'a' : 'no'} directory`), { code: isDirectory ? 'EISDIR' : 'ENOTDIR' })
    return parent
  } catch (error) {
    closeSync(parent)
    throw error
  }
}

function openInRoot(root: number, path: string): number {
  return native().openat2(root, path, linux.O_PATH, 0, linux.RESOLVE_IN_ROOT | linux.RESOLVE_NO_MAGICLINKS)
}

function openOrMake(root: number, parent: number, names: readonly string[], kind: 'directory' | 'file'): number {
  const path = names.join('/')
  try {
    return openInRoot(root, path)
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error
  }
  const name = names.at(-1) ?? ''
  if (kind === 'directory') native().mkdirat(parent, name, 0o755)
  else native().mknodat(parent, name, linux.S_IFREG | 0o644, 0, 0)
  return openInRoot(root, path)
}
