import { rmdirSync } from 'node:fs'
import { isErrno, outsideNames } from '@rocket/contracts'

/** Removes /run/rkt/<uuid> once nobody has anything left in it: stages share it, and the last to undo its work takes it away. */
export function removeRunDirectory(uuid: string): void {
  try {
    rmdirSync(outsideNames.runDirectory(uuid))
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTEMPTY', 'EBUSY')) throw error
  }
}
