import type { Stats } from 'node:fs'
import { isErrno } from '@rocket/contracts'
import { linux } from './linux.ts'
import { native } from './native.ts'
import type { Name, NativeStat } from './native-interface.ts'

/* Spec: kernel documentation, filesystems/overlayfs, "whiteouts and opaque directories". */

/** The mark, with the value `y`, of a directory that hides what the layers below have in it. */
export const opaqueAttribute = 'trusted.overlay.opaque'

/** The mark of a deleted name, a character device 0:0: what the layers below have there is gone. */
export function isWhiteout(stat: Stats | NativeStat): boolean {
  const isFirstDevice = 'rdev' in stat ? stat.rdev === 0 : stat.major === 0 && stat.minor === 0
  return isFirstDevice && (stat.mode & linux.S_IFMT) === linux.S_IFCHR
}

/** A file system without attributes has no marks, and a user who may not see them sees none. A link at the end is not followed. */
export function isOpaque(directory: number | Name): boolean {
  try {
    return native().getXattr(directory, opaqueAttribute)?.toString('latin1') === 'y'
  } catch (error) {
    if (isErrno(error, 'ENOTSUP', 'EOPNOTSUPP', 'EPERM')) return false
    throw error
  }
}

/** What overlayfs would take as its own instructions: from an image they could show, or hide, other files. */
export function isOverlayAttribute(name: string): boolean {
  return /^(trusted|user)\.overlay(\.|$)/.test(name)
}
