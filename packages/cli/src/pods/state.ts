import type { PodPlace } from '@rocket/contracts'

/** The words that `list` and `status` print. Scripts match on them, with their spaces. */
export type PodState =
  | 'embryo'
  | 'preparing'
  | 'aborted prepare'
  | 'prepared'
  | 'running'
  | 'exited'
  | 'exited deleting'
  | 'exited garbage'
  | 'deleting'
  | 'garbage'

/** What a pod is: where its directory lies, and whether somebody holds its lock. */
export function podState(place: PodPlace, isLocked: boolean): PodState {
  const [locked, unlocked] = states[place]
  return isLocked ? locked : unlocked
}

const states: Record<PodPlace, [locked: PodState, unlocked: PodState]> = {
  embryo: ['embryo', 'embryo'],
  prepare: ['preparing', 'aborted prepare'],
  prepared: ['prepared', 'prepared'],
  run: ['running', 'exited'],
  'exited-garbage': ['exited deleting', 'exited garbage'],
  garbage: ['deleting', 'garbage'],
}

/** Whether the pod's processes have come and gone, so that there is nothing to wait for any more. */
export function hasFinished(state: PodState): boolean {
  return !['embryo', 'preparing', 'prepared', 'running'].includes(state)
}
