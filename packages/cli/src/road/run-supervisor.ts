import { RocketError, type Run, type Sandbox } from '@rocket/contracts'
import { HandoffFiles, signalName, type Ended } from '@rocket/host'
import { readResult, type PodResult } from './pod-result.ts'
import { recordedProgram, type StageProgram } from './programs.ts'
import { runVerb, type Road } from './run-verb.ts'
import { superviseForeign } from './supervise-foreign.ts'

/**
 * Runs a program in place of our stage2, logged as such: the user's stage2, or the supervisor that a flavor of kind `pod` names. A stage2
 * tells the pod's result in `stage2.json`, wherever its own exit code comes from; of a flavor's supervisor the exit code is the result.
 */
export async function runSupervisor(road: Road, run: Run, stage2: StageProgram, holder: Sandbox['holder']): Promise<PodResult> {
  if (run.supervision === 'pod') {
    const { argv, stop, cleanup } = run
    const [path = ''] = argv
    let result: PodResult = { exitCode: 254 }
    const supervise = async (): Promise<number> => {
      const ended = await superviseForeign(road, { argv, stop, cleanup }, holder)
      result = ended.signal === undefined ? { exitCode: ended.exitCode } : { exitCode: ended.signal, signal: ended.signal }
      return result.exitCode
    }
    await runVerb(road, { stage: 'stage2', verb: 'run', program: recordedProgram('stage2', path), supervise, writesNothing: true })
    return result
  }
  if (stage2.kind !== 'program') throw new Error('our own stage2 runs in this process')
  const supervise = async (): Promise<number> => {
    requireEnd(road, await superviseForeign(road, { argv: [stage2.path, 'run'], cleanup: [] }, holder), stage2.path)
    return readResult(road, run).exitCode
  }
  await runVerb(road, { stage: 'stage2', verb: 'run', program: stage2, supervise })
  return readResult(road, run)
}

/** Without its last word in `stage2.json` nobody knows what became of the pod. */
function requireEnd(road: Road, ended: Ended, program: string): void {
  const state = new HandoffFiles(road.podDirectory).find('Stage2State')
  if (state?.state === 'ended') return
  const path = `${road.podDirectory}/stage2.json`
  const how = ended.signal === undefined ? `exit code ${ended.exitCode}` : `killed by ${signalName(ended.signal)}`
  if (ended.exitCode === 0 && state === undefined) {
    throw new RocketError('DOCUMENT_MISSING', {
      what: `${path} was not written`, why: `${program} run ended with success and left no such file`,
    })
  }
  throw new RocketError('STAGE_FAILED', {
    what: `${program} run failed`, why: `${how}, and ${state === undefined ? 'no stage2.json' : `stage2.json says ${state.state}`}`,
    hint: 'its own messages stand above',
  })
}
