import { basename } from 'node:path'
import { isRocketError, outsideNames, type Sandbox } from '@rocket/contracts'
import { bootId, cgroupProcs, findCgroups, HandoffFiles, isAlive, lockHolders, native, probeLock, writeErr } from '@rocket/host'

const sigkill = 9
const patienceMs = 2000

/**
 * Frees the lock of a pod that nobody runs any more: when `rkt` is killed, a daemon that a foreign stage left running is not ended with it,
 * and may have a copy of the lock's descriptor. It is ended now, as `rkt` would have done. False, and nothing is done, unless all of this
 * holds: whoever took the lock is gone, as are the pod's driver, first process and supervisor, and no process is in its cgroups.
 */
export function endLeftBehind(uuid: string, podDirectory: string): boolean {
  if (!isOver(uuid, podDirectory)) return false
  const holders = lockHolders(podDirectory)
  // A copy of somebody who lives may still be used, and one that cannot be seen from here may be of a living one.
  if (holders.length === 0 || holders.some(({ takenBy }) => takenBy === 0 || isAlive(takenBy))) return false
  writeErr(`gc: pod "${uuid}" is over, and held by what a stage left running: ${holders.map(({ pid }) => pid).join(', ')}\n`)
  for (const { pid } of holders) native().kill(pid, sigkill)
  for (const end = performance.now() + patienceMs; performance.now() < end; native().poll([], [], 5)) {
    if (probeLock(podDirectory) !== 'held') return true
  }
  return false
}

function isOver(uuid: string, podDirectory: string): boolean {
  const processes = processesOf(podDirectory)
  if (processes === undefined || processes.some(({ pid, startTime }) => isAlive(pid, startTime))) return false
  const cgroups = new Set(findCgroups(outsideNames.cgroupPrefix(uuid)).map((path) => basename(path)))
  return [...cgroups].every((name) => cgroupProcs(name).length === 0)
}

/** Undefined where the documents do not tell them. */
function processesOf(podDirectory: string): Sandbox['holder'][] | undefined {
  const files = new HandoffFiles(podDirectory)
  try {
    const sandbox = files.find('Sandbox')
    const stage2 = files.find('Stage2State')
    if (sandbox === undefined || sandbox.bootId !== bootId()) return undefined
    return [sandbox.driver, sandbox.holder, ...(stage2 === undefined ? [] : [stage2.process])]
  } catch (error) {
    if (isRocketError(error)) return undefined
    throw error
  }
}
