import { readFileSync } from 'node:fs'
import { isErrno, RocketError } from '@rocket/contracts'

/** The text of a file that a flag names; `hint` says what to name. Throws USAGE, in rkt's words, when it cannot be read. */
export function readNamedFile(path: string, hint: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (!isErrno(cause, 'ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'ELOOP', 'ENAMETOOLONG')) throw cause
    const text = /^[A-Z]+: ([^,]+)/.exec(cause.message)?.[1] ?? cause.message
    throw new RocketError('USAGE', { what: `open ${path}: ${text}`, hint, cause })
  }
}
