import { RocketError } from '@rocket/contracts'
import { isOverlayAttribute } from '@rocket/host'
import { showPath } from './entry-path.ts'
import type { TarEntry, TarEntryType } from './tar-entry.ts'

const mostAttributes = 100
const mostBytes = 65536

export const defaultAcl = 'system.posix_acl_default'

/**
 * Whether an image's extended attribute is kept: `security.capability` of regular files; `user.*` and access control lists of regular
 * files and directories, the only ones the kernel lets have them. Labels of another machine's security modules, `trusted.*` and
 * overlayfs's own attributes are not. (rkt kept no lists, and nothing on directories: who may read a file is part of what was packed.)
 */
export function keepsXattr(type: TarEntryType, name: string, value: Buffer): boolean {
  if (isOverlayAttribute(name)) return false
  if (name === 'security.capability') return type === 'file' && isCapability(value)
  if (name === defaultAcl) return type === 'directory'
  if (name === 'system.posix_acl_access') return type === 'file' || type === 'directory'
  return name.startsWith('user.') && name.length > 5 && !name.includes('\0') && (type === 'file' || type === 'directory')
}

/** Revisions 1 to 3 of the kernel's format; it would refuse others. */
function isCapability(value: Buffer): boolean {
  return value.length === 12 || value.length === 20 || value.length === 24
}

/** Throws ENTRY_LIMIT: what one entry carries, kept or not, stays within the size the kernel has for one attribute. */
export function checkXattrSize(entry: TarEntry): void {
  const bytes = entry.xattrs.reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  if (entry.xattrs.length <= mostAttributes && bytes <= mostBytes) return
  throw new RocketError('ENTRY_LIMIT', {
    what: `the entry ${showPath(entry.name.toString('latin1'))} was refused`,
    why: `it has ${entry.xattrs.length} extended attributes of ${bytes} bytes; at most ${mostAttributes} and ${mostBytes} are accepted`,
  })
}
