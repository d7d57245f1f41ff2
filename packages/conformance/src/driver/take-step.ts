import { existsSync } from 'node:fs'
import { podLayout, type AppRun } from '@rocket/contracts'
import { native, runProgram, writeErr } from '@rocket/host'
import type { DriveResult, DriveSpec, Step } from './spec.ts'
import { environment, runVector } from './vectors.ts'

/** Does one of the things that the suite wants done while the apps run. */
export function takeStep(
  step: Step, spec: DriveSpec, vectors: Readonly<Record<string, Partial<AppRun>>>, pids: ReadonlyMap<string, number>, result: DriveResult
): void {
  switch (step.kind) {
    case 'pause': return void native().poll([], [], step.milliseconds)
    case 'wait-ready': return waitUntilReady(spec.podDirectory, step.app)
    case 'signal': {
      const vector = vectors[step.app]?.signal
      if (vector !== undefined) runVector(spec, [...vector, String(step.signal)], step.app)
      else native().kill(pids.get(step.app) ?? 0, step.signal)
      return
    }
    case 'enter': {
      const [program = '', ...words] = [...(vectors[step.app]?.enter ?? []), ...step.argv]
      const { exitCode, signal, stdout, stderr } = runProgram(program, words, { cwd: spec.podDirectory, env: environment(spec, step.app) })
      result.entered.push(
        {
          ...(exitCode === undefined ? {} : { exitCode }), ...(signal === undefined ? {} : { signal }),
          output: stdout.toString('utf8') + stderr.toString('utf8'),
        }
      )
    }
  }
}

/** The upper layer of the app's root, or the root itself where it is a copy, shows what the app wrote. */
function waitUntilReady(podDirectory: string, app: string): void {
  for (let tries = 0; tries < 1000; tries++) {
    if (existsSync(`${podDirectory}/${podLayout.upper(app)}/ready`) || existsSync(`${podDirectory}/${podLayout.rootfs(app)}/ready`)) return
    native().poll([], [], 10)
  }
  writeErr(`app ${app} did not become ready\n`)
}
