import { readSettings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { findPodFlagConflict } from '../grammar/pod-checks.ts'
import { writeError, writeOut } from '../print/write.ts'
import { preparePod, storePrepared } from '../road/prepare-pod.ts'
import { planRequest } from '../road/requests.ts'
import { surroundingsOf } from '../road/surroundings.ts'

/** `rkt prepare`: everything up to the start; the UUID is the last line of standard output. */
export async function run(invocation: Invocation): Promise<number> {
  const conflict = findPodFlagConflict(invocation)
  if (conflict !== undefined) {
    writeError(`prepare: ${conflict}\n`)
    return 254
  }
  const settings = readSettings(invocation.flags)
  const request = planRequest(invocation, settings)
  const prepared = await preparePod(request, { ...surroundingsOf(settings, invocation.flags), sync: true })
  storePrepared(prepared, settings.dataDirectory)
  writeOut(`${request.uuid}\n`)
  return 0
}
