import { isErrno, RocketError } from '@rocket/contracts'
import { isAlive, native } from '@rocket/host'
import { asFields, numberField, readFields, type Fields } from './fields.ts'
import type { LocatedPod } from './locate.ts'

const terminate = 15
const kill = 9

/**
 * Tells the supervisor of a running pod to end it, and returns at once. With `force` the supervisor and the pod's first process are
 * killed; the kernel then ends everything in the pod. A pid is only believed together with its start time. Throws POD_WRONG_STATE when
 * the pod has not come so far as to have a supervisor.
 */
export function stopPod(pod: LocatedPod, force: boolean): void {
  const sandbox = readFields(`${pod.directory}/sandbox.json`)
  // Where another program supervises, the driver stands before it and passes on what it is told.
  const supervisor = aliveOf(asFields(readFields(`${pod.directory}/stage2.json`)?.['process'])) ?? aliveOf(asFields(sandbox?.['driver']))
  const holder = aliveOf(asFields(sandbox?.['holder']))
  if (supervisor === undefined && (!force || holder === undefined)) {
    throw new RocketError('POD_WRONG_STATE', {
      what: `supervisor for pod ${JSON.stringify(pod.uuid)} is not yet ready`, hint: 'wait for it: rkt status --wait-ready',
    })
  }
  if (supervisor !== undefined) signal(supervisor, force ? kill : terminate)
  if (force && holder !== undefined) signal(holder, kill)
}

function aliveOf(identity: Fields | undefined): number | undefined {
  const pid = numberField(identity, 'pid')
  const startTime = numberField(identity, 'startTime')
  return pid !== undefined && startTime !== undefined && isAlive(pid, startTime) ? pid : undefined
}

/** A process that has just ended by itself is what was wanted. */
function signal(pid: number, number: number): void {
  try {
    native().kill(pid, number)
  } catch (error) {
    if (!isErrno(error, 'ESRCH')) throw error
  }
}
