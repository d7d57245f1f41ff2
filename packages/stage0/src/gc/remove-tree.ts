import { closeSync, constants, fstatSync, openSync, readdirSync, renameSync, rmdirSync, unlinkSync } from 'node:fs'
import { isErrno, RocketError } from '@rocket/contracts'

/** Directories open at a time: what lies deeper is moved up first, as an app can nest deeper than there are descriptors. */
const mostDepth = 60

/**
 * Removes what is in a directory, except the names to keep in it; the directory itself stays. Names are bytes, every step goes through an
 * open descriptor, no link is followed. Repeatable. Throws GC_MOUNT_IN_POD at a file system of another device.
 */
export function emptyDirectory(path: string, keep: readonly string[] = []): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    const top: Top = { fd, device: fstatSync(fd).dev, moved: 0 }
    const kept = new Set(keep)
    // What was moved up is found by reading once more.
    for (let more = true; more; ) {
      const before = top.moved
      for (const name of namesIn(fd)) if (!kept.has(name.toString('utf8'))) removeEntry(top, fd, name, 1)
      more = top.moved > before
    }
  } finally {
    closeSync(fd)
  }
}

interface Top {
  fd: number
  device: number
  /** Also the serial of the next name. */
  moved: number
}

function removeEntry(top: Top, parent: number, name: Buffer, depth: number): void {
  const place = placeOf(parent, name)
  try {
    unlinkSync(place)
    return
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return
    if (!isErrno(error, 'EISDIR', 'EPERM')) throw busy(error, place)
  }
  if (depth > mostDepth) return renameSync(place, placeOf(top.fd, Buffer.from(`.gc-${process.pid}-${top.moved++}`)))
  removeDirectory(top, place, depth)
}

function removeDirectory(top: Top, place: Buffer, depth: number): void {
  let fd: number
  try {
    fd = openSync(place, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return
    // Not a directory after all: then unlink told the truth, as for a file that is marked immutable.
    throw new RocketError('GC_INCOMPLETE', {
      what: `${place} cannot be removed`, why: (error as Error).message, hint: 'see lsattr; then collect again', cause: error,
    })
  }
  try {
    if (fstatSync(fd).dev !== top.device) throw mountInPod(place)
    for (const name of namesIn(fd)) removeEntry(top, fd, name, depth + 1)
  } finally {
    closeSync(fd)
  }
  try {
    rmdirSync(place)
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw busy(error, place)
  }
}

function namesIn(fd: number): Buffer[] {
  return readdirSync(`/proc/self/fd/${fd}`, { encoding: 'buffer' })
}

function placeOf(parent: number, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`/proc/self/fd/${parent}/`), name])
}

function busy(error: unknown, place: Buffer): unknown {
  return isErrno(error, 'EBUSY') ? mountInPod(place, error) : error
}

function mountInPod(place: Buffer, cause?: unknown): RocketError {
  const name = place.toString('utf8').replace(/^\/proc\/self\/fd\/\d+\//, '')
  return new RocketError('GC_MOUNT_IN_POD', {
    what: `the pod is not removed: something is mounted on ${name} in it`, hint: 'see findmnt; unmount it and collect again', cause,
  })
}
