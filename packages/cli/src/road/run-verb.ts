import { isRocketError, podLayout, RocketError, type StageName } from '@rocket/contracts'
import { HandoffFiles, isDiskFull, writeErr, type KnownDocuments, type StageContext, type StageEvent } from '@rocket/host'
import { ContextError } from '../print/context.ts'
import { runForeign } from './run-foreign.ts'
import { runStageAsProgram, verbTimeoutMs } from './run-program.ts'
import { programDigest, type StageProgram } from './programs.ts'
import { digestsOf, RoadLog } from './road-log.ts'

/** The road of one pod, as far as the driver needs it to run one verb after the other. */
export interface Road {
  uuid: string
  podDirectory: string
  storeDirectory: string
  lockFd: number
  log: RoadLog
  /** What the built-in stages have read and written so far; foreign ones read the disk. */
  known: KnownDocuments
  debug: boolean
  /** Whether hand-offs are synced: those of `rkt prepare` are; a pod that runs does not outlive the machine's crash. */
  sync: boolean
  /** What a stage needs to know of the caller and is not in a document: configuration directories. */
  environment: Readonly<Record<string, string>>
  emit?(event: StageEvent): void
}

/** What a verb that undoes needs: it works without the log. */
export type RoadPlaces = Omit<Road, 'log' | 'known'>

/** A stage's name and verb, as the log has them: stage1 goes by its flavor's name. */
export interface VerbCall {
  stage: StageName
  verb: string
  program: StageProgram
  app?: string
  /** Runs the program, in place of running it with its output read: stage2 has the pod's streams and signals. Returns its exit code. */
  supervise?: () => Promise<number>
  /** Set for a program that is the contract's in all but what it leaves: a flavor's own supervisor names its statuses itself. */
  writesNothing?: boolean
}

/**
 * Runs one verb and logs it. Before, every hand-off it reads is compared with the line that wrote it; after, what it wrote is checked
 * and its digests are kept. Errors carry the stage and verb. A verb of `gc` and its kin is run by `runRepeatable`.
 */
export async function runVerb(road: Road, call: VerbCall): Promise<number> {
  const startedAt = new Date()
  const programSha256 = programDigest(call.program)
  const files = new HandoffFiles(road.podDirectory, {
    expected: road.log.expected(), sync: road.sync, ...(call.program.kind === 'builtin' ? { known: road.known } : {}),
  })
  let exitCode = 254
  let failure: unknown
  try {
    exitCode = call.program.kind === 'builtin' ? await runBuiltin(road, call, files) : await runForeign(road, call, files)
  } catch (error) {
    failure = error
  }
  appendLine(road, call, {
    version: 1, uuid: road.uuid, stage: loggedName(call), verb: call.verb,
    program: call.program.kind === 'builtin' ? 'builtin' : call.program.path, programSha256,
    read: digestsOf(files.digestsRead), wrote: digestsOf(files.digestsWritten), exitCode,
    ...(isRocketError(failure) ? { error: failure.code } : {}),
    startedAt: startedAt.toISOString(), endedAt: new Date().toISOString(),
  })
  if (failure !== undefined) throw withStage(failure, call)
  return exitCode
}

/** A pod that has run on a disk that became full keeps its result, without the line that tells of it. */
function appendLine(road: Road, call: VerbCall, line: Parameters<RoadLog['append']>[0]): void {
  try {
    road.log.append(line)
  } catch (error) {
    if (call.stage !== 'stage2' || !isDiskFull(error)) throw error
    writeErr(`stage2: its line in ${road.podDirectory}/${podLayout.road} was not written, the disk is full\n`)
  }
}

/** Runs a verb that undoes, outside the chain: it may be repeated and must work when documents are missing or altered. */
export async function runRepeatable(road: RoadPlaces, call: VerbCall): Promise<void> {
  const files = new HandoffFiles(road.podDirectory)
  try {
    if (call.program.kind === 'builtin') await runBuiltin(road, call, files)
    else runStageAsProgram(road, call, verbTimeoutMs())
  } catch (error) {
    throw withStage(error, call)
  }
}

/** Also gives this process the environment that a stage has as a program: it finds the configuration directories there. */
export function contextOf(road: RoadPlaces, call: VerbCall, files: HandoffFiles): StageContext {
  Object.assign(process.env, road.environment)
  const prefix = call.program.kind === 'builtin' ? call.program.name.replace(/-.*/, '') : call.stage
  return {
    uuid: road.uuid, podDirectory: road.podDirectory, storeDirectory: road.storeDirectory, files,
    ...(call.app === undefined ? {} : { app: call.app }),
    warn: (message) => writeErr(`${prefix}: ${message}\n`),
    debug: (message) => {
      if (road.debug) writeErr(`${prefix}: ${message}\n`)
    },
    ...(road.emit === undefined ? {} : { emit: road.emit }),
  }
}

async function runBuiltin(road: RoadPlaces, call: VerbCall, files: HandoffFiles): Promise<number> {
  if (call.program.kind !== 'builtin') throw new Error('not a built-in stage')
  const stage = await call.program.load()
  const verb = stage.verbs[call.verb]
  if (verb === undefined) throw new Error(`${stage.name} has no verb ${call.verb}`)
  const context = contextOf(road, call, files)
  // What a stage of its own process is told in its environment.
  Object.assign(process.env, road.environment)
  await verb.apply(verb.plan(context), context)
  return call.stage === 'stage2' ? files.read('Stage2State').result ?? 254 : 0
}

function loggedName(call: VerbCall): string {
  return call.program.kind === 'builtin' ? call.program.name : call.stage
}

function withStage(error: unknown, call: VerbCall): unknown {
  if (!(error instanceof RocketError)) return new ContextError(`${loggedName(call)} ${call.verb}`, error)
  error.raisedBy ??= { stage: loggedName(call), verb: call.verb }
  return error
}
