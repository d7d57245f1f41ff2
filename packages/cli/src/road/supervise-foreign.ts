import { lockFd } from '@rocket/contracts'
import { environmentList, native, signalNumber, type Ended } from '@rocket/host'
import { environmentOfStage } from './run-program.ts'
import type { Road } from './run-verb.ts'
import type { PodResult } from './start-pod.ts'

export interface ForeignSupervisor {
  argv: readonly string[]
  /** Asks it to end; absent: TERM. */
  stop?: readonly string[] | undefined
  /** Run in order, in the pod's mount namespace, when it has ended. */
  cleanup: readonly (readonly string[])[]
}

const forwarded = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const
const sigkill = 9

/**
 * Runs a program in place of stage2: cwd = pod, our standard streams, the lock as descriptor 9. It gets our signals and dies with us;
 * what it leaves behind becomes our child and is reaped.
 */
export async function superviseForeign(road: Road, supervisor: ForeignSupervisor): Promise<PodResult> {
  const main = start(road, supervisor.argv)
  const result = await new Promise<PodResult>((resolve) => {
    const alive = setInterval(() => {}, 2 ** 31 - 1)
    const reap = (): void => {
      for (let ended = native().waitAny(); ended !== undefined; ended = native().waitAny()) {
        if (ended.pid === main) finish(ended)
      }
    }
    const pass = (name: NodeJS.Signals): void => {
      const asksToEnd = name === 'SIGTERM' || name === 'SIGINT'
      if (asksToEnd && supervisor.stop !== undefined) start(road, supervisor.stop)
      else native().kill(main, signalNumber(name) ?? 15)
    }
    const finish = (ended: Ended): void => {
      clearInterval(alive)
      process.off('SIGCHLD', reap)
      for (const name of forwarded) process.off(name, pass)
      resolve(ended.signal === undefined ? { exitCode: ended.exitCode } : { exitCode: ended.signal, signal: ended.signal })
    }
    process.on('SIGCHLD', reap)
    for (const name of forwarded) process.on(name, pass)
    reap()
  })
  for (const argv of supervisor.cleanup) native().waitPid(start(road, argv), true)
  return result
}

function start(road: Road, argv: readonly string[]): number {
  const file = argv[0]
  if (file === undefined) throw new Error('an empty vector')
  const fds = [0, 1, 2, ...Array.from({ length: lockFd - 3 }, () => -1), road.lockFd]
  return native().spawn(file, argv, environmentList(environmentOfStage(road)), {
    cwd: road.podDirectory, fds, parentDeathSignal: sigkill,
  })
}
