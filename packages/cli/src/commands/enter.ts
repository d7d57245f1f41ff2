import { RocketError, type Run } from '@rocket/contracts'
import { HandoffFiles, isAlive, joinMountNamespace, markInheritedCloseOnExec, native } from '@rocket/host'
import { readSettings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { enterFlags } from '../grammar/flags/life.ts'
import { findPod, type LocatedPod } from '../pods/locate.ts'
import { requireProgram } from '../pods/require-program.ts'
import { podState } from '../pods/state.ts'
import { within } from '../print/context.ts'
import { writeError } from '../print/write.ts'

const defaultCommand = '/bin/bash'
const pollMs = 100

/**
 * `rkt enter`: becomes the flavor's enter vector with the command behind it, in the pod's mount namespace, so the command's exit
 * status is ours. While the pod is still starting it waits, as rkt does.
 */
export function run(invocation: Invocation): number {
  const settings = readSettings(invocation.flags)
  const [prefix = '', ...words] = invocation.positionals
  const pod = within('problem retrieving pod', () => findPod(settings.dataDirectory, prefix))
  if (pod.state !== 'running') throw notRunning(pod)
  if (words.length === 0) writeError(`enter: no command specified, assuming "${defaultCommand}"\n`)
  waitUntilReady(pod)
  const files = new HandoffFiles(pod.directory)
  const app = chooseApp(files.apps(), invocation.flags.get(enterFlags.app))
  const [program = defaultCommand, ...args] = words
  const vector = [...enterVector(files, files.read('Run'), app), program, ...args]
  const sandbox = files.read('Sandbox')
  if (!isAlive(sandbox.holder.pid, sandbox.holder.startTime)) throw notRunning(pod)
  requireProgram(files, app, program)
  joinMountNamespace(sandbox.holder.pid)
  process.chdir(pod.directory)
  markInheritedCloseOnExec()
  const environment = { PATH: process.env.PATH, TERM: process.env.TERM ?? 'vt100', RKT_POD: pod.directory, RKT_APP: app }
  return becomeProgram(vector, environment)
}

/** The app's program runs when its status says so; with supervision by the flavor, when the flavor has written `run.json`. */
function waitUntilReady(pod: LocatedPod): void {
  for (;;) {
    const files = new HandoffFiles(pod.directory)
    const run = files.find('Run')
    if (run !== undefined && (run.supervision === 'pod' || files.find('Stage2State')?.state === 'ready')) return
    if (!isRunning(pod)) {
      throw new RocketError('POD_WRONG_STATE', { what: `unable to determine the pid for pod "${pod.uuid}"`, why: `pod ${pod.uuid} is not running anymore` })
    }
    native().poll([], [], pollMs)
  }
}

function isRunning(pod: LocatedPod): boolean {
  try {
    const now = findPod(pod.directory.replace(/\/pods\/[^/]+\/[^/]+$/, ''), pod.uuid)
    return now.state === podState('run', true)
  } catch {
    return false
  }
}

function chooseApp(apps: readonly string[], wanted: string): string {
  const [only] = apps
  if (wanted === '' && apps.length === 1 && only !== undefined) return only
  if (wanted !== '' && apps.includes(wanted)) return wanted
  if (wanted !== '') throw new RocketError('APP_NOT_FOUND', { what: `the pod has no app ${JSON.stringify(wanted)}`, why: `its apps are ${apps.join(', ')}` })
  writeError(`pod contains multiple apps:\n${apps.map((app) => `\t${app}\n`).join('')}`)
  throw new RocketError('APP_NOT_FOUND', { what: 'unable to determine app name', why: 'specify app using "rkt enter --app= ..."' })
}

function enterVector(files: HandoffFiles, run: Run, app: string): readonly string[] {
  const ways = run.supervision === 'pod' ? run.enter[app] ?? {} : files.read('AppRun', app)
  const vector = native().isatty(0) === 1 ? ways.enterTty ?? ways.enter : ways.enter
  if (vector !== undefined) return vector
  throw new RocketError('FLAVOR_LACKS_FEATURE', { what: `"enter" not implemented for pod's stage1`, why: `flavor ${run.flavor} gives no way into an app` })
}

function becomeProgram(argv: readonly string[], environment: Record<string, string | undefined>): never {
  const [file] = argv
  const env = Object.fromEntries(Object.entries(environment).filter((pair): pair is [string, string] => pair[1] !== undefined))
  if (file === undefined || process.execve === undefined) throw new Error('nothing to execute')
  return process.execve(file, [...argv], env)
}

function notRunning(pod: LocatedPod): RocketError {
  return new RocketError('POD_WRONG_STATE', { what: `pod "${pod.uuid}" isn't currently running`, why: `it is ${pod.state}` })
}
