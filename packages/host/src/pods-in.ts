import { podPlaces, type PodPlace } from '@rocket/contracts'
import { namesIn } from './if-there.ts'

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The UUIDs of the pods that lie in one of the places of a data directory, in order. What has another name is not ours. */
export function podsIn(dataDirectory: string, place: PodPlace): string[] {
  return namesIn(`${dataDirectory}/pods/${place}`).filter((name) => uuidPattern.test(name)).sort()
}

/** Of all pods there are, whatever becomes of them. Places are read in the order of life: one that moves meanwhile is found. */
export function existingPods(dataDirectory: string): string[] {
  return podPlaces.flatMap((place) => podsIn(dataDirectory, place))
}
