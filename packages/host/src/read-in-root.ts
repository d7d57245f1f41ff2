import { closeSync, fstatSync, openSync } from 'node:fs'
import { isErrno, RocketError } from '@rocket/contracts'
import { readFileCapped } from './atomic-file.ts'
import { linux } from './linux.ts'
import { native } from './native.ts'

/**
 * A file of an image: every link on the way is resolved inside `root` (a directory or its descriptor), only a regular file is opened (a fifo would make
 * us wait, a device might act), and no more than `maxBytes` are read. Undefined when it is not there; DOCUMENT_INVALID when it is something else.
 */
export function readFileInRoot(root: string | number, path: string, maxBytes: number): Buffer | undefined {
  const rootFd = typeof root === 'number' ? root : openSync(root, linux.O_PATH | linux.O_DIRECTORY | linux.O_CLOEXEC)
  let fd = -1
  try {
    fd = native().openat2(rootFd, path, linux.O_PATH, 0, linux.RESOLVE_IN_ROOT | linux.RESOLVE_NO_MAGICLINKS)
    if (!fstatSync(fd).isFile()) throw new RocketError('DOCUMENT_INVALID', { what: `${path} of the image is not a regular file` })
    return readFileCapped(`/proc/self/fd/${fd}`, maxBytes)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  } finally {
    if (fd >= 0) closeSync(fd)
    if (typeof root === 'string') closeSync(rootFd)
  }
}
