import { isRocketError, lockFd, parseDocument, RocketError, stageContracts, type VerbContract } from '@rocket/contracts'
import { runProgram, signalName, type ProgramResult } from '@rocket/host'
import type { RoadPlaces, VerbCall } from './run-verb.ts'

/**
 * A stage as a program: `PROGRAM VERB`, cwd = pod (the store for fetch), the pod's lock as descriptor 9. Its standard error is ours; the
 * last line of its standard output is the error document when it fails. Throws that error, STAGE_FAILED or STAGE_TIMEOUT.
 */
export function runStageAsProgram(road: RoadPlaces, call: VerbCall, timeoutMs: number): number {
  if (call.program.kind !== 'program') throw new Error('not a program')
  const contract: VerbContract | undefined = (stageContracts[call.stage] as Readonly<Record<string, VerbContract>>)[call.verb]
  const result = runProgram(call.program.path, [call.verb], {
    cwd: contract?.cwd === 'store' ? road.storeDirectory : road.podDirectory,
    env: environmentOfStage(road, call.app), stderr: 'inherit', timeoutMs, passFds: { [lockFd]: road.lockFd },
  })
  if (result.exitCode === 0) return 0
  throw failureOf(call, result, timeoutMs)
}

/** What every stage program finds in its environment. */
export function environmentOfStage(road: RoadPlaces, app?: string): Record<string, string | undefined> {
  return {
    PATH: process.env.PATH ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...road.environment,
    RKT_POD: road.podDirectory, RKT_UUID: road.uuid, RKT_STORE: road.storeDirectory, RKT_LOCK_FD: String(lockFd), RKT_DEBUG: String(road.debug),
    RKT_APP: app,
  }
}

function failureOf(call: VerbCall, result: ProgramResult, timeoutMs: number): RocketError {
  const what = `${result.file} ${call.verb} failed`
  if (result.timedOut) return new RocketError('STAGE_TIMEOUT', { what, why: `it did not end within ${timeoutMs / 1000} s and was killed` })
  const last = result.stdout.toString('utf8').trimEnd().split('\n').at(-1) ?? ''
  const said = errorDocument(last)
  if (said !== undefined) return said
  const end = result.signal === undefined ? `exit code ${result.exitCode}` : `killed by ${signalName(result.signal)}`
  return new RocketError('STAGE_FAILED', {
    what, why: `${end}, and no error document as its last line`, hint: 'its own messages stand above; run it alone in the pod directory to see more',
  })
}

function errorDocument(text: string): RocketError | undefined {
  try {
    const { code, what, why, hint } = parseDocument('ErrorDocument', text, 'the last line')
    return new RocketError(code, { what, ...(why === undefined ? {} : { why }), ...(hint === undefined ? {} : { hint }) })
  } catch (error) {
    if (isRocketError(error)) return undefined
    throw error
  }
}
