import { statSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, podPlaces, type PodPlace } from '@rocket/contracts'
import { podsIn, probeLock } from '@rocket/host'
import { formatGoDuration } from '../grammar/go-values.ts'
import type { Verdict } from '../images/print-swept.ts'
import { podState } from '../pods/state.ts'

export interface GcTimes {
  gracePeriodMs: number
  expireMs: number
}

/** What `rkt gc` would do with each pod now, and why. Looks, and changes nothing. */
export function planPods(dataDirectory: string, times: GcTimes): Verdict[] {
  return podPlaces.flatMap((place) => podsIn(dataDirectory, place).flatMap((name) => {
    const directory = join(dataDirectory, 'pods', place, name)
    const lock = probeLock(directory)
    if (lock === 'missing') return []
    const state = podState(place, lock === 'held')
    if (lock === 'held') return [{ kind: 'pod' as const, name, verdict: 'kept' as const, because: [`${state}: somebody holds its lock`] }]
    const left = leftMs(place, directory, times)
    const because = left > 0 ? `${state}: for another ${formatGoDuration(Math.ceil(left / 1000) * 1000)}` : `${state}: nobody holds its lock`
    return [{ kind: 'pod' as const, name, verdict: left > 0 ? 'kept' as const : 'removed' as const, because: [because] }]
  }))
}

/** How long it stays. A pod that has ended is marked first, and its time counts from then. */
function leftMs(place: PodPlace, directory: string, { gracePeriodMs, expireMs }: GcTimes): number {
  switch (place) {
    case 'run': return gracePeriodMs
    case 'exited-garbage': return gracePeriodMs - ageMs(directory)
    case 'prepared': return expireMs - ageMs(directory)
    default: return 0
  }
}

/** Since when the pod lies where it lies: a rename sets the directory's ctime, in parts of a millisecond, of which the clock here knows none. */
export function ageMs(directory: string): number {
  try {
    return Math.max(0, Date.now() - statSync(directory).ctimeMs)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return 0
    throw error
  }
}
