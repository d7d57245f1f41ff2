import { isErrno, isRocketError, RocketError } from '@rocket/contracts'

/**
 * The error a user meets when the kernel refused: DISK_FULL for a full disk or quota, NOT_ROOT for what root would be allowed,
 * SYSCALL_FAILED otherwise. `what` says what was being done, on which object. Errors that are RocketErrors already come back as they are.
 */
export function syscallError(error: unknown, what: string): RocketError {
  if (error instanceof RocketError) return error
  const why = error instanceof Error ? error.message : String(error)
  if (isDiskFull(error)) {
    return new RocketError('DISK_FULL', { what, why, hint: 'free some space (rkt gc, rkt image rm), or use another --dir', cause: error })
  }
  if (isErrno(error, 'EACCES', 'EPERM') && process.geteuid?.() !== 0) {
    return new RocketError('NOT_ROOT', { what, why, hint: 'run as root or as a member of the group that owns it', cause: error })
  }
  return new RocketError('SYSCALL_FAILED', { what, why, cause: error })
}

/** EDQUOT, for which libuv has no name: Node calls it UNKNOWN, or by this number. */
const overQuota = -122

/** Whether an error of Node, of the native part or of ours tells of a full disk or quota. */
export function isDiskFull(error: unknown): boolean {
  return isErrno(error, 'ENOSPC', 'EDQUOT') || isRocketError(error, 'DISK_FULL') || (error instanceof Error && 'errno' in error && error.errno === overQuota)
}

/** Runs `work`; what it throws becomes a `syscallError`. */
export function describing<T>(what: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw syscallError(error, what)
  }
}
