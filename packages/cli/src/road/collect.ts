import { join } from 'node:path'
import {
  isRocketError, parseDocument, type FlavorDeclaration, type PodPlace, type RocketError, type Sandbox, type StageName,
} from '@rocket/contracts'
import { bootId, HandoffFiles, isAlive, native, readIfThere, writeErr } from '@rocket/host'
import { endOrphans } from './children.ts'
import { movePod, releasePod, takePod, type OwnedPod } from './pod-directory.ts'
import type { Surroundings } from './prepare-pod.ts'
import { builtin, programDigest, programOf, recordedProgram, type StageProgram } from './programs.ts'
import { RoadLog } from './road-log.ts'
import { runRepeatable, type RoadPlaces, type VerbCall } from './run-verb.ts'

/**
 * Deletes a pod that lies in `exited-garbage/` or `garbage/` and whose lock we hold: ends what is left of it, then walks the road
 * backwards (stage1 destroy, network down, stage0 gc). The programs are those that the pod was made with, where the log names
 * them. Throws when something could not be undone; the pod's documents are then still there for another try.
 */
export async function collectPod(pod: OwnedPod, around: Surroundings): Promise<void> {
  const log = openLog(pod)
  const road: RoadPlaces = {
    uuid: pod.uuid, podDirectory: pod.directory, storeDirectory: around.storeDirectory, lockFd: pod.lockFd, debug: around.debug, sync: true,
    environment: around.environment,
  }
  if (pod.place === 'exited-garbage') {
    killHolder(pod)
    const stage1 = stage1Of(pod, log, around)
    if (stage1 !== undefined) await undo(road, { stage: 'stage1', verb: 'destroy', program: stage1 })
    await undo(road, { stage: 'network', verb: 'down', program: recordedOr(log, 'network') })
  }
  await undo(road, { stage: 'stage0', verb: 'gc', program: recordedOr(log, 'stage0') })
  endOrphans()
  releasePod(pod)
}

/** Takes a pod, moves it among the garbage where it is not there yet, and collects it. LOCK_HELD when another command works on it. */
export async function takeAndCollect(uuid: string, from: PodPlace, around: Surroundings): Promise<void> {
  const pod = takePod(around.dataDirectory, uuid, from)
  if (from === 'exited-garbage' || from === 'garbage') return collectPod(pod, around)
  await collectPod(movePod(pod, around.dataDirectory, from === 'run' ? 'exited-garbage' : 'garbage', true), around)
}

/** A program that has gone, or cannot be executed, must not keep its pods for ever. */
async function undo(road: RoadPlaces, call: VerbCall): Promise<void> {
  try {
    await runRepeatable(road, call)
  } catch (error) {
    if (!isRocketError(error, 'STAGE_NOT_FOUND') || call.program.kind === 'builtin') throw error
    await runRepeatable(road, { ...call, program: standIn(call.stage, error) })
  }
}

/** What our own stages make outside the pod carries its UUID: of whatever flavor the pod was, that much can be undone. */
function standIn(stage: StageName, { message }: RocketError): StageProgram {
  writeErr(`gc: ${message}; the built-in stage undoes what it can\n`)
  return builtin(stage === 'stage1' ? 'stage1-oci' : stage)
}

function openLog(pod: OwnedPod): RoadLog | undefined {
  try {
    return RoadLog.open(pod.directory)
  } catch (error) {
    if (!isRocketError(error)) throw error
    writeErr(`gc: ${error.message}; the built-in stages undo what they can\n`)
    return undefined
  }
}

/** The program that the log names; where it names none the one given, or our own. */
function recordedOr(log: RoadLog | undefined, stage: StageName, otherwise: string = 'builtin'): StageProgram {
  const recorded = log?.programOf(stage)
  try {
    const program = recordedProgram(stage, recorded?.program ?? otherwise)
    // Undoing never refuses because of a digest: whoever replaced a program must still be able to collect its pods.
    if (program.kind === 'program' && recorded !== undefined && programDigest(program) !== recorded.programSha256) {
      writeErr(`gc: ${program.path} is not the program that ran this pod any more\n`)
    }
    return program
  } catch (error) {
    if (!isRocketError(error, 'STAGE_NOT_FOUND')) throw error
    return standIn(stage, error)
  }
}

/** Absent when the pod never got as far as a flavor. */
function stage1Of(pod: OwnedPod, log: RoadLog | undefined, around: Surroundings): StageProgram | undefined {
  const path = join(pod.directory, 'pod.json')
  const text = readIfThere(path)?.toString('utf8')
  if (text === undefined) return undefined
  let flavor: FlavorDeclaration
  try {
    flavor = parseDocument('Pod', text, path).flavor
  } catch (error) {
    if (!isRocketError(error)) throw error
    return builtin('stage1-oci')
  }
  return flavor.program === undefined ? programOf('stage1', around.replacements, flavor) : recordedOr(log, 'stage1', flavor.program)
}

/** The lock can be free a moment before the pod's first process is gone; a pid is only killed while it is still the same process. */
function killHolder(pod: OwnedPod): void {
  const sandbox = findSandbox(pod)
  if (sandbox === undefined || sandbox.bootId !== bootId()) return
  const { pid, startTime } = sandbox.holder
  if (!isAlive(pid, startTime)) return
  native().kill(pid, 9)
  for (let tries = 0; tries < 200 && isAlive(pid, startTime); tries++) native().poll([], [], 5)
}

function findSandbox(pod: OwnedPod): Sandbox | undefined {
  try {
    return new HandoffFiles(pod.directory).find('Sandbox')
  } catch (error) {
    if (isRocketError(error)) return undefined
    throw error
  }
}
