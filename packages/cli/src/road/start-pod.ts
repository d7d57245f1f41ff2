import type { RunRequest, Sandbox } from '@rocket/contracts'
import { HandoffFiles, native, writeErr } from '@rocket/host'
import { endOrphans } from './children.ts'
import { movePod } from './pod-directory.ts'
import { readResult, type PodResult } from './pod-result.ts'
import { logRequest, type PreparedPod, type Surroundings } from './prepare-pod.ts'
import { startPrograms, type StartPrograms } from './programs.ts'
import { runRepeatable, runVerb, type Road, type VerbCall } from './run-verb.ts'
import { makeSandbox } from './sandbox.ts'
import { runSupervisor } from './run-supervisor.ts'

/**
 * run-request → stage0 start → sandbox → network up → stage1 create → stage2 run, and back: stage1 destroy, network down. The pod is
 * left in `run/`, exited. When a step fails, what the steps before it did is undone, and the pod is one that `rkt rm` collects.
 */
export async function startPod(prepared: PreparedPod, request: RunRequest, around: Surroundings): Promise<PodResult> {
  const flavor = filesOf(prepared.road).read('Pod').flavor
  const programs = startPrograms(around.replacements, flavor)
  const pod = movePod(prepared.pod, around.dataDirectory, 'run', around.sync)
  const road: Road = { ...prepared.road, podDirectory: pod.directory, log: prepared.road.log.movedTo(pod.directory) }
  logRequest(road, request, 'RunRequest')
  await runVerb(road, { stage: 'stage0', verb: 'start', program: programs.stage0 })
  try {
    native().setSubreaper(true)
    const { holder } = makeSandbox(road, flavor, filesOf(road).read('Start'))
    await runVerb(road, { stage: 'network', verb: 'up', program: programs.network })
    return await runApps(road, programs, holder)
  } finally {
    await undo(road, programs)
    endOrphans()
  }
}

async function runApps(road: Road, { stage1, stage2 }: StartPrograms, holder: Sandbox['holder']): Promise<PodResult> {
  await runVerb(road, { stage: 'stage1', verb: 'create', program: stage1 })
  const files = filesOf(road)
  const run = files.read('Run')
  for (const note of run.notes) writeErr(`stage1: ${note}\n`)
  for (const app of files.apps()) await runVerb(road, { stage: 'stage1', verb: 'create-app', program: stage1, app })
  if (run.supervision === 'pod' || stage2.kind === 'program') return runSupervisor(road, run, stage2, holder)
  await runVerb(road, { stage: 'stage2', verb: 'run', program: stage2 })
  return readResult(road, run)
}

/** Whatever fails here is said and left to `gc`: the pod's own result matters more. */
async function undo(road: Road, programs: StartPrograms): Promise<void> {
  const calls: VerbCall[] = [
    { stage: 'stage1', verb: 'destroy', program: programs.stage1 }, { stage: 'network', verb: 'down', program: programs.network },
  ]
  for (const call of calls) {
    try {
      await runRepeatable(road, call)
    } catch (error) {
      const { printError } = await import('../print/errors.ts')
      printError(error, { prefix: 'run', debug: road.debug, json: false })
    }
  }
}

function filesOf(road: Road): HandoffFiles {
  return new HandoffFiles(road.podDirectory, { expected: road.log.expected(), known: road.known })
}
