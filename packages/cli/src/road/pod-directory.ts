import { closeSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, RocketError, type PodPlace } from '@rocket/contracts'
import { isThere, linux, lockDirectory, native, syncDirectory } from '@rocket/host'

/** A pod directory whose lock we hold. */
export interface OwnedPod {
  uuid: string
  place: PodPlace
  directory: string
  lockFd: number
}

/**
 * Makes a pod: locked before anybody can see it in `prepare/`, so that it never looks like one whose preparation was given up
 * (rkt-stages §9). A crash on the way leaves an unlocked embryo for gc.
 */
export function createPod(dataDirectory: string, uuid: string, sync: boolean): OwnedPod {
  const embryos = join(dataDirectory, 'pods/embryo')
  const embryo = join(embryos, uuid)
  for (const place of ['embryo', 'prepare']) mkdirSync(join(dataDirectory, 'pods', place), { recursive: true, mode: 0o750 })
  const pod = whileNobodyCollects(embryos, (): OwnedPod => {
    mkdirSync(embryo, { mode: 0o750 })
    return { uuid, place: 'embryo', directory: embryo, lockFd: lockDirectory(embryo, { kind: 'exclusive' }) }
  })
  return movePod(pod, dataDirectory, 'prepare', sync)
}

/** Between its making and its lock a directory looks abandoned. So gc looks at such places while nobody is there, and is waited for. */
export function whileNobodyCollects<T>(parent: string, make: () => T): T {
  const gate = lockDirectory(parent, { kind: 'shared', wait: true })
  try {
    return make()
  } finally {
    closeSync(gate)
  }
}

/** The other side of {@link whileNobodyCollects}. Nothing is done when there is no such place. */
export async function whileNobodyMakes(parent: string, collect: () => void | Promise<void>): Promise<void> {
  if (!isThere(parent)) return
  const gate = lockDirectory(parent, { kind: 'exclusive', wait: true })
  try {
    await collect()
  } finally {
    closeSync(gate)
  }
}

/** Moves a pod to its next place, lock kept. When somebody else moved it first: POD_WRONG_STATE. */
export function movePod(pod: OwnedPod, dataDirectory: string, place: PodPlace, sync: boolean): OwnedPod {
  const parent = join(dataDirectory, 'pods', place)
  const directory = join(parent, pod.uuid)
  mkdirSync(parent, { recursive: true, mode: 0o750 })
  try {
    renameSync(pod.directory, directory)
  } catch (cause) {
    if (!isErrno(cause, 'ENOENT', 'EEXIST', 'ENOTEMPTY')) throw cause
    throw new RocketError('POD_WRONG_STATE', {
      what: `pod "${pod.uuid}" cannot be moved to ${place}`, why: 'another command moved it first', cause,
    })
  }
  if (sync) syncDirectory(parent)
  return { ...pod, place, directory }
}

/** Takes over a pod that lies somewhere; LOCK_HELD when somebody works on it. */
export function takePod(dataDirectory: string, uuid: string, place: PodPlace): OwnedPod {
  const directory = join(dataDirectory, 'pods', place, uuid)
  return { uuid, place, directory, lockFd: lockDirectory(directory, { kind: 'exclusive' }) }
}

/**
 * Makes sure that the lock is still held: a program that had its descriptor could let go of it for all of us (`flock -u`). Taking it
 * again is nothing when we have it. LOCK_HELD when somebody else was quicker.
 */
export function holdLock(lockFd: number, directory: string): void {
  try {
    native().flock(lockFd, linux.LOCK_EX | linux.LOCK_NB)
  } catch (cause) {
    if (!isErrno(cause, 'EAGAIN')) throw cause
    throw new RocketError('LOCK_HELD', {
      what: `${directory} is locked by another process`, why: 'the stage let go of the lock of the pod', cause,
    })
  }
}

export function releasePod(pod: OwnedPod): void {
  closeSync(pod.lockFd)
}
