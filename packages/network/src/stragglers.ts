import { readdirSync, readFileSync } from 'node:fs'
import { native } from '@rocket/host'

/** Marks every program that we start for a pod, and those they start, so that they are found when we died before them. */
const mark = 'RKT_NETWORK_OF'

export function environmentOfPod(uuid: string): Record<string, string> {
  return { PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin', [mark]: uuid }
}

/**
 * Waits for the plugins that a killed `up` left running: one that still writes a lease would write it after we had released it. They need
 * milliseconds; after `timeoutMs` they are killed.
 */
export function waitForStragglers(uuid: string, timeoutMs = 5000): void {
  const deadline = performance.now() + timeoutMs
  for (let left = processesOf(uuid); left.length > 0; left = processesOf(uuid)) {
    if (performance.now() > deadline) for (const pid of left) kill(pid)
    native().poll([], [], 5)
  }
}

function processesOf(uuid: string): number[] {
  const wanted = `${mark}=${uuid}`
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number)
  return pids.filter((pid) => pid !== process.pid && environmentOf(pid).split('\0').includes(wanted))
}

/** Empty for one that has ended, a zombie too. */
function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1')
  } catch {
    return ''
  }
}

function kill(pid: number): void {
  try {
    native().kill(pid, 9)
  } catch {
    // It ended by itself.
  }
}
