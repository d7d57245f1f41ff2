import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno } from '@rocket/contracts'

/** What a key is trusted for: every image, or those whose name begins with a prefix. */
export type KeyScope = { kind: 'root' } | { kind: 'prefix'; prefix: string }

/** The directory of a scope's keys, below a configuration directory. Reference: rkt, "Key store". */
export function keyDirectory(configDirectory: string, scope: KeyScope): string {
  const keys = join(configDirectory, 'trustedkeys')
  return scope.kind === 'root' ? join(keys, 'root.d') : join(keys, 'prefix.d', scope.prefix)
}

/**
 * A name's prefixes that can be directories, shortest first: of `a.b/c/d` these are `a.b`, `a.b/c` and the name. The name may be a
 * stranger's: from a component on that would lead elsewhere there are none.
 */
export function prefixesOf(name: string): string[] {
  const parts = name.split('/')
  const end = parts.findIndex((part) => !isComponent(part))
  return parts.slice(0, end === -1 ? undefined : end).map((_, index) => parts.slice(0, index + 1).join('/'))
}

/** Of the names of appc and of registries, which may have a port. */
export function isComponent(part: string): boolean {
  return /^[a-z0-9._~:-]+$/.test(part) && part !== '.' && part !== '..'
}

export function formatScope(scope: KeyScope): string {
  return scope.kind === 'root' ? 'every image' : `the prefix ${scope.prefix}`
}

export interface KeyFile {
  path: string
  /** The file's name. */
  fingerprint: string
  /** Masks the key of this fingerprint that an earlier directory has. */
  isEmpty: boolean
}

/** The files of one directory, by name; further directories in it are longer prefixes. None when it is not there. */
export function listKeyFiles(directory: string): KeyFile[] {
  let names: string[]
  try {
    names = readdirSync(directory)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return []
    throw error
  }
  // A name with a dot is a file that is being written, or that was left so.
  return names.filter((name) => !name.startsWith('.')).sort().flatMap((name) => {
    const path = join(directory, name)
    const stats = lstatSync(path)
    return stats.isDirectory() ? [] : [{ path, fingerprint: name, isEmpty: stats.isFile() && stats.size === 0 }]
  })
}
