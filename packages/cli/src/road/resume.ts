import { keepAcrossExec } from '@rocket/host'
import { join } from 'node:path'
import { launchOptions } from './begin-again.ts'
import { openRoad, type PreparedPod, type Surroundings } from './prepare-pod.ts'

/** Under this descriptor the lock comes through our own exec; any number that nothing else claims by then. */
const resumeLockFd = 9
const variable = 'RKT_RESUME'

/**
 * Executes `rkt run` again, from the pod that is now prepared, with its lock held on the way. Fetching has loaded what the supervisor of a
 * pod must not carry for its whole life, and has used the thread pool, which would stay outside the pod's mount namespace.
 */
export function resumeFrom({ pod }: PreparedPod): never {
  if (process.execve === undefined) throw new Error('this Node cannot execve')
  keepAcrossExec(pod.lockFd, resumeLockFd)
  const environment = Object.fromEntries(Object.entries(process.env).filter((pair): pair is [string, string] => pair[1] !== undefined))
  const argv = [process.execPath, ...(launchOptions() ?? process.execArgv), ...process.argv.slice(1)]
  return process.execve(process.execPath, argv, { ...environment, [variable]: pod.uuid })
}

/** The pod that an earlier self prepared, or undefined. The variable is taken out, so that no app inherits it. */
export function takeResumed(around: Surroundings): PreparedPod | undefined {
  const uuid = process.env[variable]
  if (uuid === undefined) return undefined
  delete process.env[variable]
  const pod = { uuid, place: 'prepare' as const, directory: join(around.dataDirectory, 'pods/prepare', uuid), lockFd: resumeLockFd }
  return { pod, road: openRoad(pod, around), unpacked: false }
}
