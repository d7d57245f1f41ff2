import type { Run } from '@rocket/contracts'
import { HandoffFiles } from '@rocket/host'
import type { Road } from './run-verb.ts'

/** How `rkt run` ends: with a code, or by the signal that ended the app. */
export interface PodResult {
  exitCode: number
  signal?: number
}

/** What `stage2.json` says, once the supervisor has ended. Of ours it is known, even if the disk did not take it. */
export function readResult(road: Road, run: Extract<Run, { supervision: 'apps' }>): PodResult {
  const { result, signal } = new HandoffFiles(road.podDirectory, { known: road.known }).read('Stage2State')
  return { exitCode: result ?? 254, ...(run.endsAsApp === true && signal !== undefined ? { signal } : {}) }
}
