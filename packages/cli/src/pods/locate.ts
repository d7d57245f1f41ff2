import { podPlaces, RocketError, type PodPlace } from '@rocket/contracts'
import { podsIn, probeLock } from '@rocket/host'
import { readNamedFile } from '../config/named-file.ts'
import { useQuickExit } from '../print/quick-exit.ts'
import { podState, type PodState } from './state.ts'

/** A pod as it was found; it may move to its next place at any moment. */
export interface LocatedPod {
  uuid: string
  place: PodPlace
  state: PodState
  directory: string
}

/** Where users look pods up and `list` shows them: not what is being born, nor what is being deleted. */
const visiblePlaces = ['prepare', 'prepared', 'run', 'exited-garbage'] as const

/** All visible pods, by UUID. One that moves while we look is found in one place. */
export function listPods(dataDirectory: string): LocatedPod[] {
  const found = new Map<string, LocatedPod>()
  for (const place of visiblePlaces) {
    for (const uuid of podsIn(dataDirectory, place)) {
      const pod = probePod(dataDirectory, uuid, place)
      // Places are read in the order of life, so a pod met twice has moved on: the later place is true.
      if (pod !== undefined) found.set(uuid, pod)
    }
  }
  return [...found.values()].toSorted((one, other) => (one.uuid < other.uuid ? -1 : 1))
}

/** The pod whose UUID begins with `text`. Throws POD_NOT_FOUND in rkt's words. */
export function findPod(dataDirectory: string, text: string): LocatedPod {
  const wanted = text.trim().toLowerCase()
  if (wanted === '') throw new RocketError('POD_NOT_FOUND', { what: 'UUID cannot be empty' })
  const fits = new Set(visiblePlaces.flatMap((place) => podsIn(dataDirectory, place).filter((uuid) => uuid.startsWith(wanted))))
  if (fits.size > 1) throw new RocketError('POD_NOT_FOUND', { what: `ambiguous uuid, ${fits.size} matches`, hint: 'give more of the UUID' })
  const [uuid] = fits
  const pod = uuid === undefined ? undefined : locatePod(dataDirectory, uuid)
  if (pod !== undefined) return pod
  throw new RocketError('POD_NOT_FOUND', {
    what: `no matches found for ${JSON.stringify(wanted)}`,
    hint: '`rkt list --full` shows the pods',
  })
}

/** Where a pod is now, in any of the six places; undefined when it is gone. */
export function locatePod(dataDirectory: string, uuid: string): LocatedPod | undefined {
  for (const place of podPlaces) {
    const pod = probePod(dataDirectory, uuid, place)
    if (pod !== undefined) return pod
  }
  return undefined
}

/** The UUID that a `--uuid-file` holds. Throws USAGE when it cannot be read. */
export function readUuidFile(path: string): string {
  return readNamedFile(path, 'name the file that --uuid-file-save wrote').trim()
}

function probePod(dataDirectory: string, uuid: string, place: PodPlace): LocatedPod | undefined {
  const directory = `${dataDirectory}/pods/${place}/${uuid}`
  useQuickExit()
  const lock = probeLock(directory)
  return lock === 'missing' ? undefined : { uuid, place, directory, state: podState(place, lock === 'held') }
}
