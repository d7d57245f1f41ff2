import { closeSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, RocketError, type PodPlace } from '@rocket/contracts'
import { lockDirectory, syncDirectory } from '@rocket/host'

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
  const embryo = join(dataDirectory, 'pods/embryo', uuid)
  for (const place of ['embryo', 'prepare']) mkdirSync(join(dataDirectory, 'pods', place), { recursive: true, mode: 0o750 })
  mkdirSync(embryo, { mode: 0o750 })
  const pod: OwnedPod = { uuid, place: 'embryo', directory: embryo, lockFd: lockDirectory(embryo, { kind: 'exclusive' }) }
  return movePod(pod, dataDirectory, 'prepare', sync)
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
    throw new RocketError('POD_WRONG_STATE', { what: `pod "${pod.uuid}" cannot be moved to ${place}`, why: 'another command moved it first', cause })
  }
  if (sync) syncDirectory(parent)
  return { ...pod, place, directory }
}

/** Takes over a pod that lies somewhere; LOCK_HELD when somebody works on it. */
export function takePod(dataDirectory: string, uuid: string, place: PodPlace): OwnedPod {
  const directory = join(dataDirectory, 'pods', place, uuid)
  return { uuid, place, directory, lockFd: lockDirectory(directory, { kind: 'exclusive' }) }
}

export function releasePod(pod: OwnedPod): void {
  closeSync(pod.lockFd)
}
