import { closeSync, fstatSync } from 'node:fs'
import { isErrno } from '@rocket/contracts'
import { linux } from '../linux.ts'
import { native } from '../native.ts'

/**
 * A descriptor (O_PATH) of a mount target inside a root, made with its parents where it is missing. Links are resolved inside the root,
 * also those that lead to what has yet to be made, so that no image can lead a mount out of it. The errno of the kernel is thrown as it is:
 * ENOTDIR or EISDIR where the kinds differ, ELOOP after forty links.
 */
export function openTarget(root: number, path: string, kind: 'directory' | 'file'): number {
  let names = split(path)
  for (let links = 0; links <= 40; links++) {
    const found = walk(root, names, kind)
    if (typeof found === 'number') return checked(found, path, kind)
    names = found
  }
  throw Object.assign(new Error(`too many links on the way to ${path}`), { code: 'ELOOP' })
}

/** The target, or the names to go on with when a link led to what is missing. */
function walk(root: number, names: readonly string[], kind: 'directory' | 'file'): number | string[] {
  let parent = openInRoot(root, '.')
  try {
    for (const [index, name] of names.entries()) {
      const path = names.slice(0, index + 1).join('/')
      const next = findInRoot(root, path)
      if (next === undefined) {
        const link = readLink(parent, name)
        if (link !== undefined) return [...(link.startsWith('/') ? [] : names.slice(0, index)), ...split(link), ...names.slice(index + 1)]
        if (kind === 'file' && index === names.length - 1) native().mknodat(parent, name, linux.S_IFREG | 0o644, 0, 0)
        else native().mkdirat(parent, name, 0o755)
      }
      const opened = next ?? openInRoot(root, path)
      closeSync(parent)
      parent = opened
    }
    const result = parent
    parent = -1
    return result
  } finally {
    if (parent >= 0) closeSync(parent)
  }
}

function split(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.')
}

function openInRoot(root: number, path: string): number {
  return native().openat2(root, path, linux.O_PATH, 0, linux.RESOLVE_IN_ROOT | linux.RESOLVE_NO_MAGICLINKS)
}

function findInRoot(root: number, path: string): number | undefined {
  try {
    return openInRoot(root, path)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}

function readLink(parent: number, name: string): string | undefined {
  try {
    return native().readlinkat(parent, name).toString('utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EINVAL')) return undefined
    throw error
  }
}

function checked(target: number, path: string, kind: 'directory' | 'file'): number {
  const isDirectory = fstatSync(target).isDirectory()
  if (isDirectory === (kind === 'directory')) return target
  closeSync(target)
  throw Object.assign(new Error(`${path} is ${isDirectory ? 'a' : 'no'} directory`), { code: isDirectory ? 'EISDIR' : 'ENOTDIR' })
}
