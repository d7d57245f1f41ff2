import type { Stats } from 'node:fs'
import { isErrno } from '@rocket/contracts'
import { native } from '@rocket/host'

/** A character device 0:0: what lies below it in lower layers is gone. */
export function isWhiteout(stats: Stats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0
}

/** A directory that shows nothing of the layers below it. `place` must not end in a link. */
export function hasOpaqueMark(place: string): boolean {
  try {
    return native().getXattr(place, 'trusted.overlay.opaque')?.toString('latin1') === 'y'
  } catch (error) {
    if (isErrno(error, 'ENOTSUP', 'EOPNOTSUPP', 'EPERM')) return false
    throw error
  }
}
