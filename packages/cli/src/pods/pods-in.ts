import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, podPlaces, type PodPlace } from '@rocket/contracts'

/** UUIDs of the pods in one place, sorted. */
export function podsIn(dataDirectory: string, place: PodPlace): string[] {
  try {
    return readdirSync(join(dataDirectory, 'pods', place)).sort()
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    throw error
  }
}

/** Of all pods there are, whatever becomes of them. Places are read in the order of life: one that moves meanwhile is found. */
export function existingPods(dataDirectory: string): string[] {
  return podPlaces.flatMap((place) => podsIn(dataDirectory, place))
}
