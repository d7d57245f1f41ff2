import type { FlavorDeclaration, RunRequest } from '@rocket/contracts'
import { HandoffFiles, native, writeErr } from '@rocket/host'
import { endOrphans } from './children.ts'
import { movePod } from './pod-directory.ts'
import { readResult, type PodResult } from './pod-result.ts'
import { logRequest, type PreparedPod, type Surroundings } from './prepare-pod.ts'
import { programOf } from './programs.ts'
import { runRepeatable, runVerb, type Road, type VerbCall } from './run-verb.ts'
import { makeSandbox } from './sandbox.ts'
import { runSupervisor } from './run-supervisor.ts'

/**
 * run-request → stage0 start → sandbox → network up → stage1 create → stage2 run, and back: stage1 destroy, network down. The pod is
 * left in `run/`, exited. When a step fails, what the steps before it did is undone, and the pod is one that `rkt rm` collects.
 */
export async function startPod(prepared: PreparedPod, request: RunRequest, around: Surroundings): Promise<PodResult> {
  const pod = movePod(prepared.pod, around.dataDirectory, 'run', around.sync)
  const road: Road = { ...prepared.road, podDirectory: pod.directory, log: prepared.road.log.movedTo(pod.directory) }
  logRequest(road, request, 'RunRequest')
  await runVerb(road, { stage: 'stage0', verb: 'start', program: programOf('stage0', around.replacements, undefined) })
  const files = new HandoffFiles(road.podDirectory, { expected: road.log.expected(), known: road.known })
  const flavor = files.read('Pod').flavor
  try {
    native().setSubreaper(true)
    makeSandbox(road, flavor, files.read('Start'))
    await runVerb(road, networkCall('up', around))
    return await runApps(road, flavor, files, around)
  } finally {
    await undo(road, flavor, around)
    endOrphans()
  }
}

async function runApps(road: Road, flavor: FlavorDeclaration, files: HandoffFiles, around: Surroundings): Promise<PodResult> {
  const stage1 = programOf('stage1', around.replacements, flavor)
  await runVerb(road, { stage: 'stage1', verb: 'create', program: stage1 })
  const run = files.read('Run')
  for (const note of run.notes) writeErr(`stage1: ${note}\n`)
  for (const app of files.apps()) await runVerb(road, { stage: 'stage1', verb: 'create-app', program: stage1, app })
  const stage2 = programOf('stage2', around.replacements, flavor)
  if (run.supervision === 'pod' || stage2.kind === 'program') return runSupervisor(road, run, stage2, files.read('Sandbox').holder)
  await runVerb(road, { stage: 'stage2', verb: 'run', program: stage2 })
  return readResult(road, run)
}

/** Whatever fails here is said and left to `gc`: the pod's own result matters more. */
async function undo(road: Road, flavor: FlavorDeclaration, around: Surroundings): Promise<void> {
  const calls: VerbCall[] = [
    { stage: 'stage1', verb: 'destroy', program: programOf('stage1', around.replacements, flavor) }, networkCall('down', around),
  ]
  for (const call of calls) {
    try {
      await runRepeatable(road, call)
    } catch (error) {
      // Above all its code: what the pod itself ended with is told as well.
      const { printError } = await import('../print/errors.ts')
      printError(error, { prefix: 'run', debug: road.debug, json: false })
    }
  }
}

function networkCall(verb: 'up' | 'down', around: Surroundings): VerbCall {
  return { stage: 'network', verb, program: programOf('network', around.replacements, undefined) }
}
