import { isErrno, isRocketError, RocketError } from '@rocket/contracts'
import { syscallError } from '@rocket/host'
import { type LayerPath, showPath } from './entry-path.ts'

/** What the kernel said about one entry, as an error of ours; anything else comes back as it is. */
export function unpackError(path: LayerPath, error: unknown): unknown {
  if (isRocketError(error) || !(error instanceof Error) || !('syscall' in error)) return error
  if (!isErrno(error, 'ENAMETOOLONG')) return syscallError(error, `the entry ${showPath(path)} was not written`)
  return new RocketError('ENTRY_NAME_INVALID', {
    what: `the entry ${showPath(path)} was refused`,
    why: 'its name or target is too long',
    cause: error,
  })
}
