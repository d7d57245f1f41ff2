import { mkdirSync } from 'node:fs'
import { isErrno, isRocketError, lockFd, parseDocument, RocketError, stageContracts, type VerbContract } from '@rocket/contracts'
import { runProgram, signalName, type ProgramResult } from '@rocket/host'
import { adoptOrphans, endOrphans } from './children.ts'
import type { RoadPlaces, VerbCall } from './run-verb.ts'

/**
 * A stage as a program: `PROGRAM VERB`, cwd = pod (the store for fetch), the pod's lock as descriptor 9. Its standard error is ours; the
 * last line of its standard output is the error document when it fails. What network and stage1 leave running becomes our child, and may
 * live as long as the pod; what fetch and stage0 leave is ended here. Throws that error, STAGE_FAILED, STAGE_TIMEOUT or STAGE_NOT_FOUND.
 */
export function runStageAsProgram(road: RoadPlaces, call: VerbCall, timeoutMs: number): number {
  if (call.program.kind !== 'program') throw new Error('not a program')
  adoptOrphans()
  const { path } = call.program
  const result = startable(path, () => runProgram(path, [call.verb], {
    cwd: directoryOf(road, call), env: environmentOfStage(road, call.app), stderr: 'inherit', timeoutMs, passFds: { [lockFd]: road.lockFd },
  }))
  if (call.stage === 'fetch' || call.stage === 'stage0') endOrphans()
  if (result.exitCode === 0) return 0
  throw failureOf(call, result, timeoutMs)
}

/** The bound of every verb but `fetch` and `run`: 60 s, or what RKT_STAGE_TIMEOUT_MS says. */
export function verbTimeoutMs(): number {
  const said = process.env.RKT_STAGE_TIMEOUT_MS
  if (said === undefined || said === '') return 60_000
  if (/^[1-9]\d{0,8}$/.test(said)) return Number(said)
  throw new RocketError('USAGE', { what: `RKT_STAGE_TIMEOUT_MS is ${JSON.stringify(said)}`, why: 'it must be a number of milliseconds' })
}

/** Starts a program that is there: STAGE_NOT_FOUND when the kernel cannot execute it, or the interpreter in its first line is not there. */
export function startable<T>(path: string, start: () => T): T {
  try {
    return start()
  } catch (cause) {
    if (!isErrno(cause, 'ENOENT', 'EACCES', 'ENOEXEC') && !isRocketError(cause, 'PROGRAM_MISSING')) throw cause
    throw new RocketError('STAGE_NOT_FOUND', {
      what: `the stage program ${path} cannot be run`, why: cause.message, hint: 'a script needs a first line such as #!/bin/sh', cause,
    })
  }
}

/** The store may not be there yet: a fetch stage makes what it needs in it, and begins in it. */
function directoryOf(road: RoadPlaces, { stage, verb }: VerbCall): string {
  const contract: VerbContract | undefined = (stageContracts[stage] as Readonly<Record<string, VerbContract>>)[verb]
  if (contract?.cwd !== 'store') return road.podDirectory
  mkdirSync(road.storeDirectory, { recursive: true, mode: 0o700 })
  return road.storeDirectory
}

/** What every stage program finds in its environment. */
export function environmentOfStage(road: RoadPlaces, app?: string): Record<string, string | undefined> {
  return {
    PATH: process.env.PATH ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...road.environment,
    RKT_POD: road.podDirectory, RKT_UUID: road.uuid, RKT_STORE: road.storeDirectory, RKT_LOCK_FD: String(lockFd),
    RKT_DEBUG: String(road.debug), RKT_APP: app,
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
    what, why: `${end}, and no error document as its last line`,
    hint: 'its own messages stand above; run it alone in the pod directory to see more',
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
