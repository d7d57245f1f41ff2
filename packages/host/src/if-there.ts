import { syscallError } from './errors.ts'
import { native } from './native.ts'

/*
 * What is often not there, without the exception that costs a millisecond the first time Node's fs throws one. `existsSync` would be as
 * quick, and hide that we may not look, or that a file stands where a directory should. Anything but ENOENT is thrown: NOT_ROOT, SYSCALL_FAILED.
 */

/** The bytes of a file; undefined when there is none. A pipe in its place is empty, and keeps nobody waiting. */
export function readIfThere(path: string): Buffer | undefined {
  try {
    return native().readIfThere(path)
  } catch (error) {
    throw syscallError(error, `cannot read ${path}`)
  }
}

/** The names in a directory, in no order; none when it is not there. */
export function namesIn(path: string): string[] {
  try {
    return native().namesIfThere(path) ?? []
  } catch (error) {
    throw syscallError(error, `cannot read ${path}`)
  }
}

/** Whether there is anything of this name, behind links too. */
export function isThere(path: string): boolean {
  try {
    return native().isThere(path)
  } catch (error) {
    throw syscallError(error, `cannot look at ${path}`)
  }
}
