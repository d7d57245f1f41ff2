import { resolve } from 'node:path'
import { native, prewarmCgroup } from '@rocket/host'
import { readSettings, type Settings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { startFlags } from '../grammar/flags/pod.ts'
import { findPodFlagConflict } from '../grammar/pod-checks.ts'
import { writeError } from '../print/write.ts'
import type { PodResult } from '../road/pod-result.ts'
import { preparePod, type PreparedPod, type Surroundings } from '../road/prepare-pod.ts'
import { planRequest, planStartRequest } from '../road/requests.ts'
import { resumeFrom, takeResumed } from '../road/resume.ts'
import { startPod } from '../road/start-pod.ts'
import { surroundingsOf } from '../road/surroundings.ts'

/** `rkt run`: the whole road in one process, which stays as the pod's supervisor and ends as the pod did. */
export async function run(invocation: Invocation): Promise<number> {
  const conflict = findPodFlagConflict(invocation)
  if (conflict !== undefined) {
    writeError(`run: ${conflict}\n`)
    return 254
  }
  prewarmCgroup()
  const settings = readSettings(invocation.flags)
  const around = surroundingsOf(settings, invocation.flags)
  const prepared = takeResumed(around) ?? (await prepare(invocation, settings, around))
  return endAs(await startPod(prepared, planStartRequest(invocation, settings, prepared.pod.uuid), around))
}

async function prepare(invocation: Invocation, settings: Settings, around: Surroundings): Promise<PreparedPod> {
  const uuidFile = invocation.flags.get(startFlags.uuidFileSave)
  const prepared = await preparePod(planRequest(invocation, settings), around, uuidFile === '' ? undefined : resolve(uuidFile))
  return prepared.unpacked ? resumeFrom(prepared) : prepared
}

/** Ends by the signal that ended the app where the flavor wants it so. */
export function endAs(result: PodResult): number {
  if (result.signal !== undefined) native().kill(process.pid, result.signal)
  return result.exitCode
}
