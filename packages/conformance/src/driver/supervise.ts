import { readFileSync } from 'node:fs'
import type { AppRun, Run } from '@rocket/contracts'
import { HandoffFiles, native } from '@rocket/host'
import { endHolder, waitFor } from './reap.ts'
import type { DriveResult, DriveSpec } from './spec.ts'
import { takeStep } from './take-step.ts'
import { launchOnTerminal } from './terminal.ts'
import { runVector, spawnVector } from './vectors.ts'

/** In place of stage2: runs the vectors of the apps, takes the steps, waits for the ends, cleans up. */
export function superviseApps(spec: DriveSpec, files: HandoffFiles, names: readonly string[], run: Run, result: DriveResult): void {
  const vectors = new Map(names.map((name) => [name, files.read('AppRun', name)]))
  const alive = new Map<number, string>()
  for (const [name, vector] of vectors) {
    const pid = launch(spec, name, vector, result)
    if (pid !== undefined) alive.set(pid, name)
  }
  const pids = new Map([...alive].map(([pid, name]) => [name, pid]))
  for (const step of spec.steps) takeStep(step, spec, Object.fromEntries(vectors), pids, result)
  waitFor(alive, result, spec.timeoutMs)
  endHolder(result.holder)
  for (const [name, vector] of vectors) for (const argv of vector.cleanup) runVector(spec, argv, name)
  for (const argv of run.cleanup) runVector(spec, argv)
}

/** The pid whose end is the app's end. */
function launch(spec: DriveSpec, name: string, vector: AppRun, result: DriveResult): number | undefined {
  const { foreground, detached } = vector.launch
  const begun = performance.now()
  if (spec.terminal === true) return launchOnTerminal(spec, name, foreground ?? [], result)
  if (detached === undefined) return spawnVector(spec, foreground ?? [], name, [0, 1, 2])
  const launcher = spawnVector(spec, detached.argv, name, [0, 1, 2])
  const ended = native().waitPid(launcher, true)
  result.milliseconds[`launch ${name}`] = performance.now() - begun
  if (ended?.exitCode === 0) return Number(readFileSync(`${spec.podDirectory}/${detached.pidFile}`, 'utf8'))
  result.apps[name] = { failed: `the launch vector ended with ${JSON.stringify(ended)}` }
  return undefined
}

/** A flavor that supervises its pod itself. */
export function superviseWhole(spec: DriveSpec, run: Extract<Run, { supervision: 'pod' }>, lock: number, result: DriveResult): void {
  superviseByProgram(spec, run.argv, Object.keys(run.statuses), run.enter, lock, result)
  for (const argv of run.cleanup) runVector(spec, argv)
}

type Enters = Readonly<Record<string, Pick<AppRun, 'enter'>>>

/** A program that supervises: the apps' ends are read from the statuses it leaves. */
export function superviseByProgram(
  spec: DriveSpec, argv: readonly string[], apps: readonly string[], enters: Enters, lock: number, result: DriveResult
): void {
  const fds = [0, 1, 2, -1, -1, -1, -1, -1, -1, lock]
  const pid = spawnVector(spec, argv, undefined, fds)
  for (const step of spec.steps) {
    if (step.kind === 'signal') native().kill(pid, step.signal)
    else takeStep(step, spec, enters, new Map(), result)
  }
  const alive = new Map([[pid, '']])
  waitFor(alive, result, spec.timeoutMs)
  if (alive.size > 0) native().kill(pid, 9)
  delete result.apps['']
  const files = new HandoffFiles(spec.podDirectory)
  for (const app of apps) {
    const { state, exitCode, signal, reason } = files.read('AppStatus', app)
    result.apps[app] = state === 'exited' ? {
      ...(exitCode === undefined ? {} : { exitCode }), ...(signal === undefined ? {} : { signal }),
    } : { failed: reason ?? state }
  }
}
