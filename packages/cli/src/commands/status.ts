import { readlinkSync } from 'node:fs'
import { isErrno, podLayout, RocketError } from '@rocket/contracts'
import { readSettings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { statusFlags } from '../grammar/flags/life.ts'
import { outputFlags } from '../grammar/flags/output.ts'
import type { Wait } from '../grammar/kinds.ts'
import { readFields, textField, textMap } from '../pods/fields.ts'
import { findPod, locatePod, readUuidFile, type LocatedPod } from '../pods/locate.ts'
import { readPod, type PodView } from '../pods/read-pod.ts'
import { hasFinished } from '../pods/state.ts'
import { errorStyle, within } from '../print/context.ts'
import { printError } from '../print/errors.ts'
import { formatJson } from '../print/json.ts'
import { formatNetworks, podToJson } from '../print/pod-text.ts'
import { formatFullTime } from '../print/time.ts'
import { writeOut } from '../print/write.ts'

/** `rkt status`, after waiting where that was asked for: first until the pod is ready, then until it has ended. */
export function run(invocation: Invocation): number {
  const { flags, positionals } = invocation
  const { dataDirectory } = readSettings(flags)
  const file = flags.get(outputFlags.uuidFile)
  let wanted = positionals[0] ?? ''
  if (file !== '') {
    try {
      wanted = readUuidFile(file)
    } catch (error) {
      printError(error, errorStyle(invocation), 'unable to read the UUID file')
      return 1
    }
  }
  let pod = within('problem retrieving pod', () => findPod(dataDirectory, wanted))
  const readyWait = flags.get(statusFlags.waitReady)
  if (readyWait !== undefined) pod = within('error waiting for pod readiness', () => waitUntil(pod, dataDirectory, readyWait, isReady))
  const endWait = flags.get(statusFlags.wait)
  if (endWait !== undefined)
    pod = within('error waiting for pod to finish', () => waitUntil(pod, dataDirectory, endWait, (one) => hasFinished(one.state)))
  printStatus(readPod(pod, { detail: true, process: true }), invocation)
  return 0
}

const pollMs = 100

/** Looks until it is so. The pod may move meanwhile, and may be gone at the end: then it is as it was last seen. */
function waitUntil(pod: LocatedPod, dataDirectory: string, { limitMs }: Wait, isSo: (pod: LocatedPod) => boolean): LocatedPod {
  const clock = new Int32Array(new SharedArrayBuffer(4))
  const deadline = limitMs === undefined ? Infinity : performance.now() + limitMs
  for (let now = locatePod(dataDirectory, pod.uuid); now !== undefined; now = locatePod(dataDirectory, pod.uuid)) {
    if (isSo(now)) return now
    if (performance.now() >= deadline) throw new RocketError('WAIT_TIMEOUT', { what: 'context deadline exceeded' })
    Atomics.wait(clock, 0, 0, Math.min(pollMs, Math.max(1, deadline - performance.now())))
    pod = now
  }
  return { ...pod, place: 'garbage', state: 'garbage' }
}

/** What the supervisor says of itself, or rkt's sign of the same. A pod that has ended will never be ready. */
function isReady(pod: LocatedPod): boolean {
  if (textField(readFields(`${pod.directory}/stage2.json`), 'state') === 'ready') return true
  try {
    return readlinkSync(`${pod.directory}/${podLayout.view.supervisorStatus}`) === 'ready'
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'EINVAL')) throw error
  }
  if (haveStarted(pod)) return true
  if (hasFinished(pod.state)) throw new RocketError('POD_WRONG_STATE', { what: `pod "${pod.uuid}" has ended` })
  return false
}

/** A flavor that supervises its pod itself says it through the statuses that it names. */
function haveStarted({ directory }: LocatedPod): boolean {
  const run = readFields(`${directory}/run.json`)
  if (textField(run, 'supervision') !== 'pod') return false
  const states = Object.values(textMap(run, 'statuses')).map((file) => textField(readFields(`${directory}/${file}`), 'state'))
  return states.every((state) => state === 'running' || state === 'exited' || state === 'failed')
}

const withProcess = ['running', 'deleting', 'exited deleting', 'exited', 'exited garbage']

function printStatus(pod: PodView, { flags }: Invocation): void {
  const format = flags.get(outputFlags.format)
  if (format !== '') {
    writeOut(formatJson(podToJson(pod), format))
    return
  }
  const showsProcess = withProcess.includes(pod.state)
  const codes = showsProcess && pod.state !== 'running' ? pod.apps : []
  const lines = [
    `state=${pod.state}`,
    ...(pod.createdAt === undefined ? [] : [`created=${formatFullTime(pod.createdAt)}`]),
    ...(pod.startedAt === undefined ? [] : [`started=${formatFullTime(pod.startedAt)}`]),
    ...(pod.state === 'running' || pod.state === 'exited' ? [`networks=${formatNetworks(pod.networks)}`] : []),
    ...(showsProcess && pod.pid !== undefined ? [`pid=${pod.pid}`] : []),
    ...(showsProcess ? [`exited=${pod.state === 'exited' || pod.state === 'exited garbage'}`] : []),
    ...codes.flatMap((app) => (app.exitCode === undefined ? [] : [`app-${app.name}=${app.exitCode}`])),
  ]
  writeOut(`${lines.join('\n')}\n`)
}
