import { native } from '@rocket/host'
import { resolve } from 'node:path'
import { readSettings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { startFlags } from '../grammar/flags/pod.ts'
import { findPodFlagConflict } from '../grammar/pod-checks.ts'
import { writeError } from '../print/write.ts'
import { preparePod } from '../road/prepare-pod.ts'
import { planRequest, planStartRequest } from '../road/requests.ts'
import { startPod, type PodResult } from '../road/start-pod.ts'
import { surroundingsOf } from '../road/surroundings.ts'

/** `rkt run`: the whole road in one process, which stays as the pod's supervisor and ends as the pod did. */
export async function run(invocation: Invocation): Promise<number> {
  const conflict = findPodFlagConflict(invocation)
  if (conflict !== undefined) {
    writeError(`run: ${conflict}\n`)
    return 254
  }
  const settings = readSettings(invocation.flags)
  const around = surroundingsOf(settings, invocation.flags)
  const request = planRequest(invocation, settings)
  const startRequest = planStartRequest(invocation, settings, request.uuid)
  const uuidFile = invocation.flags.get(startFlags.uuidFileSave)
  const prepared = await preparePod(request, around, uuidFile === '' ? undefined : resolve(uuidFile))
  return endAs(await startPod(prepared, startRequest, around))
}

/** Ends by the signal that ended the app where the flavor wants it so. */
export function endAs(result: PodResult): number {
  if (result.signal !== undefined) native().kill(process.pid, result.signal)
  return result.exitCode
}
